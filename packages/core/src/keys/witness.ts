import { LRUCache } from 'lru-cache'
import { FederationError } from '../errors.ts'
import { encodeCanonical, isJsonObject, type JsonObject } from '../json/index.ts'
import type { KeyQuestion, KeyRing, KnownServer } from './key-ring.ts'
import { type OwnKeys, signAs } from './own-keys.ts'

/** Witnessed documents that are kept signed, in bytes. */
const MAX_SIGNED_BYTES = 16 * 1024 * 1024

/** This server as a witness of other servers' keys (PROTOCOL section 5.2). */
export interface Witness {
  /**
   * A server's key document as it gave it, with this server's signatures added: canonical bytes. The last good one
   * when the server cannot be reached; undefined when none is known. At once where it is at hand.
   */
  witness(serverName: string, question: KeyQuestion): Uint8Array | undefined | Promise<Uint8Array | undefined>
}

/** What was signed of which document by which keys. */
interface Signed {
  readonly document: KnownServer['document']
  readonly signers: string
  readonly bytes: Uint8Array
}

/** Builds the witness. It asks origins only, never another witness. */
export function createWitness(ring: KeyRing, ownKeys: OwnKeys): Witness {
  const signed = new LRUCache<string, Signed>({
    maxSize: MAX_SIGNED_BYTES,
    sizeCalculation: ({ bytes }) => bytes.byteLength,
  })

  function signedDocument({ serverName, document }: KnownServer): Uint8Array | undefined {
    if (!document) return undefined
    const keys = ownKeys.active()
    const signers = keys.map((key) => key.keyId).join(' ')
    const kept = signed.get(serverName)
    // The same object as long as the ring holds the same document: no bytes are compared.
    if (kept?.document === document && kept.signers === signers) return kept.bytes
    const bytes = encodeForAnswer(
      signAs(withoutSignaturesOf(ownKeys.serverName, document.json), ownKeys.serverName, keys),
    )
    if (bytes) signed.set(serverName, { document, signers, bytes })
    return bytes
  }

  async function ask(serverName: string, question: KeyQuestion): Promise<Uint8Array | undefined> {
    const known = await ring.current(serverName, { ...question, lasting: false })
    return known && signedDocument(known)
  }

  return {
    witness(serverName, question) {
      if (serverName === ownKeys.serverName) return ownKeys.document().bytes
      const known = ring.atHand(serverName, question)
      return known ? signedDocument(known) : ask(serverName, question)
    },
  }
}

/** Whatever an origin puts under the witness's name is not the witness's word. */
function withoutSignaturesOf(serverName: string, document: JsonObject): JsonObject {
  if (!isJsonObject(document.signatures)) return document
  const { [serverName]: _planted, ...signatures } = document.signatures
  return { ...document, signatures }
}

/**
 * A document's bytes as an answer holds them, two levels down; undefined where it would be too deep there, since its
 * readers would refuse the answer with all other documents in it.
 */
function encodeForAnswer(document: JsonObject): Uint8Array | undefined {
  try {
    return encodeCanonical([[document]]).slice(2, -2)
  } catch (error) {
    if (error instanceof FederationError && error.code === 'invalid_json') return undefined
    throw error
  }
}
