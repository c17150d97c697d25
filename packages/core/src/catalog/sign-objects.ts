import { compareCodePoints } from '../code-point-order.ts'
import { beginSigning, sha256, type SignedText, type SigningJob } from '../crypto/index.ts'
import { canonicalText, encodeBase64 } from '../json/index.ts'
import type { LoadedKey } from '../keys/index.ts'
import type { SignedObject } from '../log/index.ts'
import type { Draft } from './objects.ts'

/** The largest object in bytes, signed (PROTOCOL section 6.1). */
export const MAX_OBJECT_BYTES: number = 64 * 1024

const encoder = new TextEncoder()

/** A draft, and which version of its object it becomes. */
export interface NewVersion {
  readonly draft: Draft
  readonly revision: number
}

/** A draft that was signed, or in words why it cannot be. */
export type SigningResult = { readonly draft: Draft } & ({ readonly signed: SignedObject } | { readonly fault: string })

/** Who signs, and when. */
export interface Signing {
  readonly serverName: string
  readonly updatedTs: number
  /** At least one. */
  readonly keys: readonly LoadedKey[]
}

/**
 * Begins to sign objects with every key given, on another core where there is one.
 *
 * @returns waits for it, and signs what is not begun by then.
 */
export function signObjects(versions: readonly NewVersion[], signing: Signing): () => Promise<SigningResult[]> {
  const finish = beginSigning(jobOf(versions, signing))
  return async () => {
    const texts = await finish()
    return versions.map((version, index) => resultOf(version, signing.updatedTs, texts[index]!))
  }
}

/**
 * Writes what is signed. Members stand in canonical order here, so that the metadata, which is nearly all of an
 * object, is encoded once and not three times; a test compares with the general encoder.
 */
function jobOf(versions: readonly NewVersion[], { serverName, updatedTs, keys }: Signing): SigningJob {
  const server = canonicalText(serverName)
  const signingKeys = canonicalText(Object.fromEntries(keys.map((key) => [key.keyId, key.publicKeyBase64])))
  const inOrder = keys.toSorted((a, b) => compareCodePoints(a.keyId, b.keyId))
  const job = {
    signers: inOrder.map(({ keyId, signingKey }, index) => ({
      opening: `${index === 0 ? '"signatures":{' : '",'}${canonicalText(keyId)}:"`,
      key: signingKey,
    })),
    closing: '"},',
    texts: versions.map(
      ({ draft: { content }, revision }) => `{${content[0]},"revision":${revision}${content[1]},"server":${server},`,
    ),
    ending: `"signing_keys":${signingKeys},"updated_ts":${updatedTs}}`,
  }
  return { ...job, signHere: (text) => signHere(text, job) }
}

/** Signs one on this thread. */
function signHere(text: string, { signers, closing, ending }: Omit<SigningJob, 'signHere'>): SignedText {
  const message = encoder.encode(text + ending)
  const signatures = signers.map(({ opening, key }) => opening + encodeBase64(key.sign(message)))
  const bytes = encoder.encode(text + signatures.join('') + closing + ending)
  return { bytes, sha256: sha256(bytes) }
}

function resultOf(
  { draft, revision }: NewVersion,
  updatedTs: number,
  { bytes, sha256: hash }: SignedText,
): SigningResult {
  const counted = bytes.byteLength - draft.originBytes
  if (counted > MAX_OBJECT_BYTES) {
    const fault = `the object is ${counted} bytes long once signed; ${MAX_OBJECT_BYTES} at most are allowed: shorten its texts`
    return { draft, fault }
  }
  const { content: _content, originBytes: _originBytes, ...facts } = draft
  return { draft, signed: { object: { ...facts, revision, updatedTs, bytes }, sha256: hash } }
}
