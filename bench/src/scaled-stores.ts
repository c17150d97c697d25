import { copyFileSync, createReadStream, readFileSync, readdirSync, statSync } from 'node:fs'
import type { Store } from '@manga-federation/core'
import { openPostgresStore } from '@manga-federation/postgres'
import { openSqliteStore } from '@manga-federation/sqlite'
import { TestServer } from '../../packages/postgres/src/test-server.ts'
import type { TemporaryFolder } from './temporary-folder.ts'

/** Where a store lies. */
export type StorePlace =
  | { readonly sqlite: string; readonly postgres?: never }
  | { readonly postgres: string; readonly sqlite?: never }

/** Opens the store at a place; it is made when it is not there. */
export function openStoreAt({ sqlite, postgres }: StorePlace): Promise<Store> {
  return sqlite === undefined ? openPostgresStore({ connectionString: postgres }) : openSqliteStore({ path: sqlite })
}

/** Makes stores of one kind, and looks at them from outside. No store is open meanwhile, where it does not say so. */
export interface StoreKind {
  readonly name: string
  /** Makes room for a store. */
  make(label: string): Promise<StorePlace>
  /** Copies a store. */
  copy(label: string, copyLabel: string): Promise<StorePlace>
  remove(label: string): Promise<void>
  /** What it takes on the disk. */
  bytes(label: string): Promise<number>
  /** What the database's own processes have used of the processor, in milliseconds; the store may be open. */
  cpuMs(): number
  /** Connections to the store, which is open. */
  connections(label: string): Promise<number>
  /** Does what is put off until later, so that it is not done while something else is measured. */
  settle(label: string): Promise<void>
  /** Reads all of it, so that the system has it in its memory. */
  warm(label: string): Promise<void>
}

/** Read at once. */
const READ_BYTES = 1024 * 1024

/** SQLite files in a folder. */
export function sqliteFiles(folder: TemporaryFolder): StoreKind {
  const pathOf = (label: string): string => folder.file(`${label}.db`)
  return {
    name: 'SQLite',
    make: async (label) => ({ sqlite: pathOf(label) }),
    async copy(label, copyLabel) {
      copyFileSync(pathOf(label), pathOf(copyLabel))
      return { sqlite: pathOf(copyLabel) }
    },
    remove: async (label) => folder.removeFile(`${label}.db`),
    bytes: async (label) => statSync(pathOf(label)).size,
    // It runs inside of the site's process.
    cpuMs: () => 0,
    connections: async () => 0,
    // The last one who closes a file leaves nothing to do.
    settle: async () => {},
    async warm(label) {
      for await (const _chunk of createReadStream(pathOf(label), { highWaterMark: READ_BYTES }));
    },
  }
}

/** Databases of a PostgreSQL server with its default settings. */
export function postgresDatabases(server: TestServer): StoreKind {
  const placeOf = (label: string): StorePlace => ({ postgres: server.urlFor({ database: label }) })
  return {
    name: 'PostgreSQL',
    async make(label) {
      await server.run(`CREATE DATABASE ${label}`)
      return placeOf(label)
    },
    async copy(label, copyLabel) {
      await server.run(`CREATE DATABASE ${copyLabel} TEMPLATE ${label} STRATEGY file_copy`)
      return placeOf(copyLabel)
    },
    remove: async (label) => void (await server.run(`DROP DATABASE ${label} WITH (FORCE)`)),
    async bytes(label) {
      const [row] = await server.run(`SELECT pg_database_size('${label}') AS bytes`)
      return Number(row!['bytes'])
    },
    cpuMs: () => cpuMsOfFamily(server.processId!),
    async connections(label) {
      const [row] = await server.run(`SELECT count(*) AS n FROM pg_stat_activity WHERE datname = '${label}'`)
      return Number(row!['n'])
    },
    async settle(label) {
      await server.run('VACUUM ANALYZE', label)
      await server.run('CHECKPOINT')
    },
    async warm(label) {
      await server.run('CREATE EXTENSION IF NOT EXISTS pg_prewarm', label)
      // Into the system's memory, past that of PostgreSQL.
      await server.run(
        `SELECT pg_prewarm(oid, 'read') FROM pg_class
         WHERE relkind IN ('r', 'i') AND relnamespace = 'manga_federation'::regnamespace`,
        label,
      )
    },
  }
}

/** How Linux counts what a process used: in hundredths of a second. */
const MS_A_TICK = 10

/** Processor time of a process and of those that it started, ended ones included. Linux alone tells it. */
function cpuMsOfFamily(parentId: number): number {
  let ticks = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const times = timesOf(Number(name))
    if (times?.id === parentId) ticks += times.own + times.ended
    else if (times?.parentId === parentId) ticks += times.own
  }
  return ticks * MS_A_TICK
}

/** What `proc_pid_stat(5)` says of a process; undefined when it has ended meanwhile. */
function timesOf(id: number): { id: number; parentId: number; own: number; ended: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'latin1')
    // The name before may have spaces and parentheses.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    return { id, parentId: fields[1]!, own: fields[11]! + fields[12]!, ended: fields[13]! + fields[14]! }
  } catch {
    return undefined
  }
}
