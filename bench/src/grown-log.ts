import { createHash } from 'node:crypto'
import type { Store, StoredEntry, StoredObject } from '@manga-federation/core'

/** Entries a transaction. */
const COMMIT_ENTRIES = 1000

/** What stands before a leaf's data and before two hashes (RFC 6962 section 2.1). */
const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/** When all of it was published, POSIX milliseconds. */
export const ISSUED_TS = 1_767_225_600_000

const LIFETIME_MS = 7 * 24 * 60 * 60 * 1000

/** A tree that grows leaf by leaf (RFC 6962). */
interface Tree {
  /** @returns the hashes of the subtrees that the leaf completes, one behind the other. */
  append(leaf: Uint8Array): Uint8Array
  root(): Uint8Array
}

/**
 * Fills a store with the catalog of a site that published so many objects, without signing them: neither reading nor
 * the next change depends on that. The site's next start signs the head.
 *
 * @param entries - how many; each is a new object.
 * @param objectAt - the object that an entry tells of.
 */
export async function growLog(
  store: Store,
  serverName: string,
  entries: number,
  objectAt: (seq: number) => StoredObject = smallSeries,
): Promise<void> {
  const tree = growingTree()
  for (let start = 0; start < entries; start += COMMIT_ENTRIES) {
    const end = Math.min(start + COMMIT_ENTRIES, entries)
    const puts = Array.from({ length: end - start }, (_, index) => objectAt(start + index))
    const log = {
      entries: puts.map((object) => entryOf(serverName, object, tree)),
      head: headOf(serverName, tree, end),
    }
    await store.catalog.commit(serverName, {
      expectedSize: start,
      puts,
      deletes: [],
      changedTs: ISSUED_TS,
      log: { ...log, withheld: [] },
    })
  }
}

function growingTree(): Tree {
  const waiting: Uint8Array[] = []
  let size = 0
  return {
    append(leaf) {
      const completed = [hashOf(LEAF, leaf)]
      for (let left = size; left % 2 === 1; left = (left - 1) / 2) {
        completed.push(hashOf(NODE, waiting.pop()!, completed.at(-1)!))
      }
      waiting.push(completed.at(-1)!)
      size += 1
      return Buffer.concat(completed)
    },
    root: () => waiting.reduceRight((right, left) => hashOf(NODE, left, right)),
  }
}

/** SHA-256 of these bytes, one after the other. */
export function hashOf(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function entryOf(serverName: string, { kind, id, bytes: body, seq }: StoredObject, tree: Tree): StoredEntry {
  const text =
    `{"body":{"sha256":"${textOf(hashOf(body))}","size":${body.length}},"id":"${id}","kind":"${kind}","op":"put",` +
    `"revision":1,"seq":${seq},"server":"${serverName}","ts":${ISSUED_TS},"v":1}`
  const bytes = Buffer.from(text)
  return { kind, id, bytes, nodes: tree.append(bytes) }
}

function smallSeries(seq: number): StoredObject {
  const id = `s${seq}`
  const bytes = Buffer.from(id)
  const facts = { kind: 'series', id, seriesId: undefined, revision: 1, updatedTs: ISSUED_TS, seq } as const
  return { ...facts, contentHash: hashOf(bytes), locales: '|en|', searchText: id, bytes, mirrorOf: undefined }
}

function headOf(serverName: string, tree: Tree, size: number): Uint8Array {
  const head = {
    type: 'fm.head.v1',
    server_name: serverName,
    epoch: 1,
    size,
    root: textOf(tree.root()),
    issued_ts: ISSUED_TS,
    valid_until_ts: ISSUED_TS + LIFETIME_MS,
    signatures: {},
  }
  return Buffer.from(JSON.stringify(head))
}

/** Base64 without padding. */
function textOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64').replace(/=+$/, '')
}
