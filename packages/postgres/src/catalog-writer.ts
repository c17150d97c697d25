import { randomUUID } from 'node:crypto'
import type { CatalogCommit, CatalogStore } from '@manga-federation/core'
import { BytePacker, type PackedBytes } from './byte-packer.ts'
import type { Database } from './database.ts'
import { KIND_NUMBERS } from './kinds.ts'
import { growthStatistics } from './statistics.ts'
import { storableText } from './storable-text.ts'

type NamedObject = CatalogCommit['deletes'][number]

/** A row of `entries`; late bodies are those of entries from before. */
interface EntryBytes {
  readonly seq: number
  readonly header?: Uint8Array
  readonly nodes?: Uint8Array
  readonly body?: Uint8Array | undefined
}

/** Commits, by the function `commit_catalog`. */
export function catalogWriter(database: Database): Pick<CatalogStore, 'commit'> {
  const callCommit = `SELECT * FROM ${database.schema}.commit_catalog($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
  const noteGrowth = growthStatistics(database)

  return {
    async commit(origin, commit) {
      const { expectedSize, puts, deletes, changedTs, log, following } = commit
      const size = expectedSize + (log?.entries.length ?? puts.length + deletes.length)
      const packer = new BytePacker()
      const change = JSON.stringify(changeOf(commit, packer))
      // Asked again after its connection broke, the commit is known by its id.
      const state = await database.first<{ new_size: number; new_changed_ts: number }>(
        callCommit,
        origin,
        randomUUID(),
        expectedSize,
        size,
        changedTs,
        log?.head ?? null,
        following?.from ?? null,
        following?.to ?? null,
        change,
        packer.bytes(),
      )
      if (state === undefined) return undefined
      noteGrowth(expectedSize, size)
      return { size: state.new_size, changedTs: state.new_changed_ts }
    },
  }
}

/** The rows of a commit, as `commit_catalog` reads them; bytes go into the packer. */
function changeOf(commit: CatalogCommit, packer: BytePacker): unknown {
  const { expectedSize, puts, deletes, log } = commit
  return {
    deletes: deletes.map(nameOf),
    puts: puts.map((object, index) => ({
      ...nameOf(object),
      seq: object.seq ?? expectedSize + index,
      series_id: object.seriesId === undefined ? null : storableText(object.seriesId),
      revision: object.revision,
      updated_ts: object.updatedTs,
      content_hash: packer.add(object.contentHash).at,
      locales: storableText(object.locales),
      search_text: storableText(object.searchText),
      mirror_of: object.mirrorOf ?? null,
    })),
    entries: entriesOf(commit).map(({ seq, header, nodes, body }) => ({
      seq,
      ...columnsOf('header', header && packer.add(header)),
      ...columnsOf('nodes', nodes && packer.add(nodes)),
      ...columnsOf('body', body && packer.add(body)),
    })),
    withheld: (log?.withheld ?? []).map((body) => ({ ...nameOf(body), seq: body.seq })),
  }
}

/** The rows of entries, each with the body that is its own; in a catalog without a log each change has a place. */
function entriesOf({ expectedSize, puts, log }: CatalogCommit): EntryBytes[] {
  if (log === undefined) return puts.map(({ bytes }, index) => ({ seq: expectedSize + index, body: bytes }))
  const bodies = new Map(puts.map(({ seq, bytes }) => [seq, bytes]))
  const entries = log.entries.map(({ bytes, nodes }, index) => {
    const seq = expectedSize + index
    return { seq, header: bytes, nodes, body: bodies.get(seq) }
  })
  const late = puts.flatMap(({ seq, bytes }) => (seq !== undefined && seq < expectedSize ? [{ seq, body: bytes }] : []))
  return [...entries, ...late]
}

function nameOf({ kind, id }: NamedObject): { kind: number; id: string } {
  return { kind: KIND_NUMBERS[kind], id: storableText(id) }
}

function columnsOf(column: string, packed: PackedBytes | undefined): Record<string, number> {
  return packed === undefined ? {} : { [`${column}_at`]: packed.at, [`${column}_bytes`]: packed.length }
}
