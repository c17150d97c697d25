import { createHash } from 'node:crypto'
import type { Store, StoredEntry, StoredObject } from '@manga-federation/core'
import { SERVER_NAME } from './site.ts'

/** Entries a transaction. */
const COMMIT_ENTRIES = 1000

/** What stands before a leaf's data and before two hashes (RFC 6962 section 2.1). */
const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

const ISSUED_TS = 1_767_225_600_000
const LIFETIME_MS = 7 * 24 * 60 * 60 * 1000

/** A tree that grows leaf by leaf (RFC 6962). */
interface Tree {
  /** @returns the hashes of the subtrees that the leaf completes, one behind the other. */
  append(leaf: Uint8Array): Uint8Array
  root(): Uint8Array
}

/**
 * Fills a store with the catalog of a site that published so many series, without signing them: the cost of the next
 * change does not depend on that. The site's next start signs the head.
 *
 * @param entries - a multiple of a thousand.
 */
export async function growLog(store: Store, entries: number): Promise<void> {
  const tree = growingTree()
  for (let start = 0; start < entries; start += COMMIT_ENTRIES) {
    const numbers = Array.from({ length: COMMIT_ENTRIES }, (_, index) => start + index)
    const log = { entries: numbers.map((seq) => entryAt(seq, tree)), head: headOf(tree, start + COMMIT_ENTRIES) }
    await store.catalog.commit(SERVER_NAME, {
      expectedSize: start,
      puts: numbers.map(objectAt),
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

function hashOf(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function entryAt(seq: number, tree: Tree): StoredEntry {
  const id = `s${seq}`
  const digest = textOf(hashOf(Buffer.from(id)))
  const text =
    `{"body":{"sha256":"${digest}","size":${id.length}},"id":"${id}","kind":"series","op":"put","revision":1,` +
    `"seq":${seq},"server":"${SERVER_NAME}","ts":${ISSUED_TS},"v":1}`
  const bytes = Buffer.from(text)
  return { kind: 'series', id, bytes, nodes: tree.append(bytes) }
}

function objectAt(seq: number): StoredObject {
  const id = `s${seq}`
  const bytes = Buffer.from(id)
  const facts = { kind: 'series', id, seriesId: undefined, revision: 1, updatedTs: ISSUED_TS, seq } as const
  return { ...facts, contentHash: hashOf(bytes), locales: '|en|', searchText: id, bytes, mirrorOf: undefined }
}

function headOf(tree: Tree, size: number): Uint8Array {
  const head = {
    type: 'fm.head.v1',
    server_name: SERVER_NAME,
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
