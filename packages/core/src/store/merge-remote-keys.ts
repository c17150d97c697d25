import { sameBytes } from '../bytes.ts'
import type { KeyBinding, RemoteKeys, StoredKeyDocument } from './remote-key-store.ts'

/**
 * The rule of `RemoteKeyStore.save`, for whoever writes a store: what is remembered of a server once something more
 * was told of it. It belongs into one transaction with reading `stored` and with writing the result.
 *
 * @param stored - what is remembered until now; undefined when nothing is.
 * @param told - of the same server.
 * @returns the whole; only a document or a binding that is another object than in `stored` needs to be written.
 */
export function mergeRemoteKeys(stored: RemoteKeys | undefined, told: RemoteKeys): RemoteKeys {
  const bindings = new Map(stored?.bindings.map((binding) => [binding.keyId, binding]))
  for (const binding of told.bindings) bindings.set(binding.keyId, mergeBinding(bindings.get(binding.keyId), binding))
  return {
    serverName: told.serverName,
    document: mergeDocument(stored?.document, told.document),
    bindings: [...bindings.values()],
  }
}

function mergeDocument(
  stored: StoredKeyDocument | undefined,
  told: StoredKeyDocument | undefined,
): StoredKeyDocument | undefined {
  if (stored === undefined || told === undefined) return told ?? stored
  return told.validUntilTs >= stored.validUntilTs ? told : stored
}

function mergeBinding(stored: KeyBinding | undefined, told: KeyBinding): KeyBinding {
  if (stored === undefined) return told
  const originOverrides = stored.source === 'witness' && told.source === 'origin'
  if (!sameBytes(stored.publicKey, told.publicKey)) return originOverrides ? told : stored
  const { source, toldBy } = originOverrides ? told : stored
  const validUntilTs = Math.max(stored.validUntilTs, told.validUntilTs)
  return { ...stored, source, toldBy, validUntilTs, expiredTs: earlier(stored.expiredTs, told.expiredTs) }
}

/** The lesser of two times that may not be there. */
function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.min(a, b)
}
