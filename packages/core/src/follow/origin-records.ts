import { createSerialQueue, type SerialQueue } from '../catalog/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import type { CatalogCommit, Store } from '../store/index.ts'
import { decodeRecord, encodeRecord, type OriginRecord } from './origin-record.ts'

/** How often a change is tried while other processes write the same catalog: each of these writes is progress. */
const MAX_ATTEMPTS = 100

/** What changes of a catalog together with its record. */
export type OriginChanges = Omit<CatalogCommit, 'following'>

/** The records of all servers that are followed. Changes of one record follow each other, so none undoes another. */
export interface OriginRecords {
  /** All of them, by name. */
  list(): Promise<OriginRecord[]>
  get(serverName: string): Promise<OriginRecord | undefined>
  /** Begins to remember a server, or remembers it anew. */
  add(record: OriginRecord): Promise<void>
  /** Forgets a server; changes that are under way do not bring it back. */
  remove(serverName: string): Promise<void>
  /**
   * Changes a record, and with `changes` its catalog, in one transaction.
   *
   * @param change - what becomes of the newest record; nothing is written when it returns the same one and there are
   *   no `changes`.
   * @returns the record; undefined, and nothing was stored, when the server is not followed any more, or when there are
   *   `changes` and another writer was faster.
   * @throws FederationError `store_conflict` when other processes never paused.
   */
  change(
    serverName: string,
    change: (record: OriginRecord) => OriginRecord,
    changes?: OriginChanges,
  ): Promise<OriginRecord | undefined>
}

/** Keeps the records in a store. */
export function createOriginRecords(
  { catalog, following }: Pick<Store, 'catalog' | 'following'>,
  environment: Environment,
): OriginRecords {
  const queues = new Map<string, SerialQueue>()

  function inTurn<T>(serverName: string, task: () => Promise<T>): Promise<T> {
    const queue = queues.get(serverName) ?? createSerialQueue()
    queues.set(serverName, queue)
    return queue(task)
  }

  async function get(serverName: string): Promise<OriginRecord | undefined> {
    const bytes = await following.get(serverName)
    return bytes && decodeRecord(serverName, bytes)
  }

  async function changeNow(
    serverName: string,
    change: (record: OriginRecord) => OriginRecord,
    changes: OriginChanges | undefined,
  ): Promise<OriginRecord | undefined> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const from = await following.get(serverName)
      if (!from) return undefined
      const record = decodeRecord(serverName, from)
      const changed = change(record)
      if (!changes && changed === record) return record
      const commit = changes ?? (await nothingBut(serverName))
      const state = await catalog.commit(serverName, { ...commit, following: { from, to: encodeRecord(changed) } })
      if (state) return changed
      if (changes) return undefined
    }
    throw new FederationError('store_conflict', `Other processes keep changing what is held of ${serverName}.`)
  }

  /** A commit that leaves the catalog as it is. */
  async function nothingBut(serverName: string): Promise<OriginChanges> {
    const { size } = await catalog.state(serverName)
    return { expectedSize: size, puts: [], deletes: [], changedTs: environment.now() }
  }

  return {
    async list() {
      return (await following.list()).map(({ serverName, record }) => decodeRecord(serverName, record))
    },
    get,
    add: (record) =>
      inTurn(record.serverName, () => following.put({ serverName: record.serverName, record: encodeRecord(record) })),
    remove: (serverName) => inTurn(serverName, () => following.delete(serverName)),
    change: (serverName, change, changes) => inTurn(serverName, () => changeNow(serverName, change, changes)),
  }
}
