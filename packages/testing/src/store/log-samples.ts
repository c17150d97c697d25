import assert from 'node:assert/strict'
import type { CatalogCommit, CatalogState, LogCommit, ObjectKind, Store, StoredObject } from '@manga-federation/core'
import { NOW_TS, ORIGIN, bytesOf } from './samples.ts'

interface ObjectName {
  readonly kind: ObjectKind
  readonly id: string
}

/** What an entry tells of: an object put, one deleted, or one whose body is not there. */
export type LogChange = { readonly put: StoredObject } | { readonly remove: ObjectName } | { readonly omit: ObjectName }

/** What a commit has besides its entries. */
export type CommitExtras = Partial<Pick<LogCommit, 'head' | 'withheld'> & Pick<CatalogCommit, 'following'>>

/** A commit to a catalog with a log: an entry a change, each with bytes of its own. */
export function logCommit(size: number, changes: readonly LogChange[], extras: CommitExtras = {}): CatalogCommit {
  const { head, withheld = [], following } = extras
  const entries = changes.map((change, index) => {
    const { kind, id } = nameOf(change)
    return { kind, id, bytes: entryBytes(size + index), nodes: nodesOf(size + index) }
  })
  return {
    expectedSize: size,
    puts: changes.flatMap((change, index) => ('put' in change ? [{ ...change.put, seq: size + index }] : [])),
    deletes: changes.flatMap((change) => ('remove' in change ? [change.remove] : [])),
    changedTs: NOW_TS,
    log: { entries, head, withheld },
    following,
  }
}

/** Appends to the log at its present size, and fails when the store refuses. */
export async function append(
  store: Store,
  changes: readonly LogChange[],
  { origin = ORIGIN, ...extras }: CommitExtras & { readonly origin?: string } = {},
): Promise<CatalogState> {
  const { size } = await store.catalog.state(origin)
  const state = await store.catalog.commit(origin, logCommit(size, changes, extras))
  assert.ok(state, 'commit() with the present size as expectedSize returned undefined, though no one else wrote')
  return state
}

/** The header of an entry; a store never reads it. */
export function entryBytes(seq: number): Uint8Array {
  return bytesOf(`entry ${seq}`)
}

/** What stands for the hash of a subtree, 32 bytes. */
export function nodeBytes(level: number, index: number): Uint8Array {
  return bytesOf(`node ${level} ${index}`.padEnd(32))
}

/** All entries with their bodies as texts, undefined for a body that is not there. What the store joined must be the same. */
export async function logOf(store: Store, origin: string = ORIGIN): Promise<[entry: string, body?: string][]> {
  const { entries, joined } = await store.log.page(origin, { since: 0, limit: 256, maxBytes: 1_000_000 })
  if (joined) {
    const members = entries.flatMap(({ body }, seq) => (body ? [`"${seq}":${textOf(body)}`] : []))
    assert.deepEqual(
      [textOf(joined.headers), textOf(joined.bodies)],
      [entries.map(({ bytes }) => textOf(bytes)).join(','), members.join(',')],
    )
  }
  return entries.map(({ bytes, body }) => (body ? [textOf(bytes), textOf(body)] : [textOf(bytes)]))
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function nameOf(change: LogChange): ObjectName {
  if ('put' in change) return change.put
  return 'remove' in change ? change.remove : change.omit
}

/** The subtrees that an entry completes: one a level, from its leaf up, as long as it is the last of its subtree. */
function nodesOf(seq: number): Uint8Array {
  const nodes: Uint8Array[] = []
  for (let level = 0; (seq + 1) % 2 ** level === 0; level++) nodes.push(nodeBytes(level, (seq + 1) / 2 ** level - 1))
  return Buffer.concat(nodes)
}
