import { createSerialQueue } from '../catalog/queue.ts'
import { decodeBase64, encodeBase64, isJsonObject, type JsonObject, type JsonValue } from '../json/index.ts'
import { mergeRemoteKeys } from '../store/merge-remote-keys.ts'
import type { KeyBinding, RemoteKeys, RemoteKeyStore, StoredKeyDocument } from '../store/index.ts'
import type { Notebook } from './notebook.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Keeps the keys of servers in a notebook, whose bounds forget the ones used longest ago. */
export function rememberKeys(notebook: Notebook): RemoteKeyStore {
  const inTurn = createSerialQueue()

  async function load(serverName: string): Promise<RemoteKeys | undefined> {
    const note = await notebook.read(nameOf(serverName))
    return note && readKeys(serverName, note)
  }

  return {
    load,
    save: ({ lasting: _lasting, usedTs: _usedTs, ...told }) =>
      inTurn(async () => {
        const keys = mergeRemoteKeys(await load(told.serverName), told)
        await notebook.write(nameOf(told.serverName), writeKeys(keys))
        return keys
      }),
    async trim() {},
  }
}

function nameOf(serverName: string): string {
  return `keys:${serverName}`
}

function writeKeys({ document, bindings }: RemoteKeys): JsonObject {
  return {
    document: document ? { ...document, bytes: decoder.decode(document.bytes) } : null,
    bindings: bindings.map(({ publicKey, toldBy, expiredTs, ...binding }) => ({
      ...binding,
      publicKey: encodeBase64(publicKey),
      toldBy: [...toldBy],
      expiredTs: expiredTs ?? null,
    })),
  }
}

/** What this module wrote; anything else is as good as forgotten. */
function readKeys(serverName: string, { document, bindings }: JsonObject): RemoteKeys | undefined {
  if (!Array.isArray(bindings)) return undefined
  return { serverName, document: readDocument(document), bindings: bindings.filter(isJsonObject).map(readBinding) }
}

function readDocument(note: JsonValue | undefined): StoredKeyDocument | undefined {
  if (!isJsonObject(note)) return undefined
  const { bytes, validUntilTs, fetchedTs } = note as unknown as Omit<StoredKeyDocument, 'bytes'> & { bytes: string }
  return { bytes: encoder.encode(bytes), validUntilTs, fetchedTs }
}

function readBinding(note: JsonObject): KeyBinding {
  const { publicKey, expiredTs, ...binding } = note as unknown as Omit<KeyBinding, 'publicKey' | 'expiredTs'> & {
    publicKey: string
    expiredTs: number | null
  }
  return { ...binding, publicKey: decodeBase64(publicKey), expiredTs: expiredTs ?? undefined }
}
