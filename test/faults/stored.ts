import type { ObjectKind, Store } from '@manga-federation/core'
import { openSqliteStore } from '@manga-federation/sqlite'

/** As many as a store lists at once. */
const MAX_LISTED = 1000
const MAX_PAGE_ENTRIES = 256
const MAX_PAGE_BYTES = 8 * 1024 * 1024

/** An entry's header, as far as it is looked at. */
export interface Header {
  readonly seq: number
  readonly op: 'put' | 'delete'
  readonly kind: ObjectKind
  readonly id: string
  readonly revision: number
}

/** A catalog as it is stored. */
export interface StoredCatalog {
  /** The entries of its log with their bodies, as text. */
  readonly log: readonly { readonly header: string; readonly body: string | undefined }[]
  readonly headers: readonly Header[]
  /** What its head says, without what changes when it is signed anew. */
  readonly head: { readonly size: number; readonly root: string; readonly epoch: number }
  /** Its present objects as they are served, by kind and id. */
  readonly objects: ReadonlyMap<string, string>
}

/** Reads the catalog of a server out of the database of a site that does not run. */
export async function readDatabase(databasePath: string, serverName: string): Promise<StoredCatalog> {
  const store = await openSqliteStore({ path: databasePath })
  try {
    return await readStored(store, serverName)
  } finally {
    await store.close()
  }
}

/** Reads the catalog of a server out of a store. */
export async function readStored(store: Store, serverName: string): Promise<StoredCatalog> {
  const { size, root, epoch } = JSON.parse(textOf((await store.log.head(serverName)) ?? Buffer.from('{}')))
  const log = await readLog(store, serverName)
  const headers = log.map(({ header }) => JSON.parse(header) as Header)
  return { log, headers, head: { size, root, epoch }, objects: await readObjects(store, serverName) }
}

async function readLog({ log }: Store, serverName: string): Promise<{ header: string; body: string | undefined }[]> {
  const read: { header: string; body: string | undefined }[] = []
  for (;;) {
    const page = { since: read.length, limit: MAX_PAGE_ENTRIES, maxBytes: MAX_PAGE_BYTES }
    const { entries } = await log.page(serverName, page)
    if (entries.length === 0) return read
    for (const { bytes, body } of entries) read.push({ header: textOf(bytes), body: body && textOf(body) })
  }
}

async function readObjects({ catalog }: Store, origin: string): Promise<Map<string, string>> {
  const objects = new Map<string, string>()
  for (const kind of ['series', 'chapter'] as const) {
    let afterId: string | undefined
    do {
      const listed = await catalog.list({ origin, kind, afterId, limit: MAX_LISTED })
      for (const { id, bytes } of listed) objects.set(`${kind} ${id}`, textOf(bytes))
      afterId = listed.at(-1)?.id
    } while (afterId !== undefined)
  }
  return objects
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
