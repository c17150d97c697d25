import type { CursorStore } from '../follow/index.ts'
import type { JsonObject } from '../json/index.ts'
import type { LogStore } from '../store/index.ts'

/** By what rule objects of a server are republished, in one word. */
export type RuleName = 'none' | 'all' | 'filter'

/** What is republished of a server. */
export interface Republished {
  /** By which rule it was chosen. */
  readonly by: 'all' | 'filter'
  /** How many changes of its catalog it follows; null while all of it has yet to be compared. */
  readonly size: number | null
}

/** How far the consumers of one server's objects have come. Kept in the record of the server. */
export interface MirrorProgress {
  /** The operator's rule. Default: none. */
  readonly rule?: RuleName
  /**
   * How many changes of its catalog were told to the site; null when it has yet to be told that they begin anew.
   * Default: 0.
   */
  readonly toldSize?: number | null
  /** Null when nothing is; missing when that is not known. */
  readonly republished?: Republished | null
}

/** Reads and writes the progress of followed servers. */
export interface MirrorProgressStore {
  /** Undefined when there is nothing to do: the server is not followed, or a new log of it is not held whole yet. */
  read(serverName: string): Promise<MirrorProgress | undefined>
  /** Replaces some of it; does nothing when the server is not followed any more. */
  update(serverName: string, change: MirrorProgress): Promise<void>
}

/** What the record holds: `rebuild` is set by the follower when a new log took the place of what was held. */
type StoredProgress = MirrorProgress & { readonly rebuild?: boolean }

/** Keeps progress in the records of followed servers. */
export function mirrorProgress(cursors: CursorStore, log: Pick<LogStore, 'head'>): MirrorProgressStore {
  return {
    async read(serverName) {
      const stored = (await cursors.read(serverName)) as StoredProgress | undefined
      if (!stored?.rebuild) return stored
      // Compared with half of a log, what is republished would be taken out, and put in again with the rest of it.
      if (!(await log.head(serverName))) return undefined
      const begun: StoredProgress = {
        rebuild: false,
        toldSize: null,
        ...(stored.republished ? { republished: { by: stored.republished.by, size: null } } : {}),
      }
      await cursors.update(serverName, begun as JsonObject)
      return { ...stored, ...begun }
    },
    update: (serverName, change) => cursors.update(serverName, change as JsonObject),
  }
}
