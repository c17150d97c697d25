import { encodeBase64, type ObjectKind, sha256 } from '@manga-federation/core'
import type { Test } from 'tap'
import type { StoredCatalog } from '../faults/stored.ts'
import { type SiteRecord, titleOf } from './site-tables.ts'
import type { SeenHead } from './watch.ts'

/** Before what is hashed as a leaf, and as a node (RFC 6962 section 2.1). */
const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/**
 * Expects each head to be over a beginning of the one log: its root is recomputed from as many entries, which says more
 * than a proof of consistency would.
 */
export function expectHeadsOfOneLog(t: Test, heads: readonly SeenHead[], { log, head }: StoredCatalog): void {
  const roots = rootsOf(log.map(({ header }) => header))
  const strangers = heads.filter(({ size, root, epoch }) => roots[size] !== root || epoch !== head.epoch)
  t.strictSame(strangers, [], `all of ${heads.length} heads that were seen are of one log`)
}

/** Expects the catalog to be what the site's database is, with no more entries of a record than it was changed. */
export function expectPublished(t: Test, { objects, headers }: StoredCatalog, records: readonly SiteRecord[]): void {
  const wanted = new Map(records.filter((record) => !record.is_deleted).map((record) => [keyOf(record), record]))
  const missing = [...wanted].filter(([key, record]) => !objects.get(key)?.includes(JSON.stringify(titleOf(record))))
  t.strictSame(missing, [], 'every record is published as it is')
  t.strictSame(
    [...objects.keys()].filter((key) => !wanted.has(key)),
    [],
    'and nothing else is',
  )

  const entries = new Map<string, number>()
  for (const header of headers) entries.set(keyOf(header), (entries.get(keyOf(header)) ?? 0) + 1)
  const changes = new Map(records.map((record) => [keyOf(record), record.changes]))
  t.strictSame(
    [...entries].filter(([key, count]) => count > (changes.get(key) ?? 0)),
    [],
    'no change is in the log twice',
  )
}

function keyOf({ kind, id }: { readonly kind: ObjectKind; readonly id: string }): string {
  return `${kind} ${id}`
}

/** The roots of all beginnings of a log, by their size. */
function rootsOf(headers: readonly string[]): string[] {
  const complete: { readonly leaves: number; readonly hash: Uint8Array }[] = []
  const roots = [encodeBase64(sha256(new Uint8Array()))]
  for (const header of headers) {
    let tree = { leaves: 1, hash: hashOf(LEAF, Buffer.from(header)) }
    while (complete.at(-1)?.leaves === tree.leaves) {
      tree = { leaves: 2 * tree.leaves, hash: hashOf(NODE, complete.pop()!.hash, tree.hash) }
    }
    complete.push(tree)
    const hashes = complete.map(({ hash }) => hash)
    roots.push(encodeBase64(hashes.reduceRight((right, left) => hashOf(NODE, left, right))))
  }
  return roots
}

function hashOf(...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(Buffer.concat(parts))
}
