import { importPublicKey, type PublicKey, sha256 } from '../crypto/index.ts'
import { encodeBase64, encodeCanonical, type JsonObject, parseStrict } from '../json/index.ts'
import type { LoadedKey } from '../keys/index.ts'
import { testKey } from '../keys/test-origin.ts'
import type { ObjectKind } from '../store/index.ts'
import {
  appendLeaves,
  EMPTY_RANGE,
  type HeadFacts,
  type LogEntry,
  makeEntry,
  proveConsistency,
  rootOf,
  signHead,
} from './index.ts'
import { nodesOfLeaves } from './test-nodes.ts'

/** When everything in the tests happens. */
export const NOW_TS: number = Date.UTC(2026, 0, 1)

/** A key as a server has it loaded. The same number always gives the same. */
export function loadedKey(number: number): LoadedKey {
  const { keyId, signingKey, base64 } = testKey(number)
  return { keyId, signingKey, publicKeyBase64: base64, expiredTs: undefined }
}

/** The same keys as others know them. */
export function publicKeys(keys: readonly LoadedKey[]): ReadonlyMap<string, PublicKey> {
  return new Map(keys.map(({ keyId, signingKey }) => [keyId, importPublicKey(signingKey.publicKey)]))
}

/** A server's log, as its server keeps it. */
export interface TestLog {
  readonly size: number
  /** Appends a new version of an object; `body` says more of it, or other things. The kind is `chapter` by default. */
  put(id: string, options?: { readonly kind?: ObjectKind; readonly body?: JsonObject }): void
  /** Appends that a chapter is gone. */
  delete(id: string): void
  /** The signed head of the whole log, or of another one. */
  head(facts?: Partial<HeadFacts>): JsonObject
  /** The page from `start` up to `end`, with all bodies, as a follower reads it. */
  page(start: number, end: number, facts?: Partial<HeadFacts>): Promise<JsonObject>
  /** Another log that begins with the first `size` entries of this one. */
  fork(size: number): TestLog
}

/** Builds a log. */
export function testLog(
  serverName: string,
  key: LoadedKey,
  given: readonly { readonly entry: LogEntry; readonly body: JsonObject | undefined }[] = [],
): TestLog {
  const kept = [...given]
  const leaves = (): Uint8Array[] => kept.map(({ entry }) => entry.leafHash)
  const append = (op: 'put' | 'delete', kind: ObjectKind, id: string, more: JsonObject = {}): void => {
    const seq = kept.length
    const json = { id, server: serverName, revision: seq + 1, metadata: { en: { title: `${id}, at ${seq}` } }, ...more }
    const bytes = encodeCanonical(json)
    const body = op === 'put' ? { sha256: sha256(bytes), size: bytes.length } : undefined
    const entry = makeEntry({ serverName, seq, ts: NOW_TS, op, kind, id, revision: seq + 1, body })
    kept.push({ entry, body: body && json })
  }
  const head = (facts: Partial<HeadFacts> = {}): JsonObject => {
    const size = facts.size ?? kept.length
    const root = rootOf(appendLeaves(EMPTY_RANGE, leaves().slice(0, size)).range)
    return signHead({ serverName, epoch: 1, size, root, issuedTs: NOW_TS, ...facts }, [key]).json
  }
  return {
    get size() {
      return kept.length
    },
    put: (id, { kind = 'chapter', body } = {}) => append('put', kind, id, body),
    delete: (id) => append('delete', 'chapter', id),
    head,
    async page(start, end, facts) {
      const shown = kept.slice(start, end)
      const proof = await proveConsistency(end, facts?.size ?? kept.length, nodesOfLeaves(leaves()).read)
      const bodies = shown.flatMap(({ entry, body }) => (body ? [[String(entry.header.seq), body]] : []))
      const page = {
        start,
        entries: shown.map(({ entry }) => parseStrict(entry.bytes)),
        bodies: Object.fromEntries(bodies),
        head: head(facts),
        proof: proof.map(encodeBase64),
      }
      return parseStrict(encodeCanonical(page)) as JsonObject
    },
    fork: (size) => testLog(serverName, key, kept.slice(0, size)),
  }
}
