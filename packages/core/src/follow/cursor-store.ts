import type { JsonObject } from '../json/index.ts'
import type { OriginRecords } from './origin-records.ts'

/** Where the consumers of mirrored objects keep how far they have come. */
export interface CursorStore {
  /** The names of all servers that are followed. */
  origins(): Promise<readonly string[]>
  /** What is kept for a server; undefined when it is not followed. */
  read(serverName: string): Promise<JsonObject | undefined>
  /** Replaces some of it; does nothing when the server is not followed any more. */
  update(serverName: string, change: JsonObject): Promise<void>
}

/** Keeps it in the records of the servers that are followed. */
export function cursorStore(records: OriginRecords): CursorStore {
  return {
    origins: async () => (await records.list()).map(({ serverName }) => serverName),
    read: async (serverName) => (await records.get(serverName))?.mirrored,
    async update(serverName, change) {
      await records.change(serverName, (record) => ({ ...record, mirrored: { ...record.mirrored, ...change } }))
    },
  }
}
