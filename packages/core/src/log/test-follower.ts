import type { PublicKey } from '../crypto/index.ts'
import {
  encodeLogPage,
  type FollowedLog,
  type LogReader,
  type PageEntry,
  parsePage,
  startFollowing,
  verifyPage,
} from './index.ts'

/** Follows a log as another server does: by its pages alone, each verified before the next one is asked for. */
export interface TestFollower {
  readonly followed: FollowedLog
  /** All entries so far. */
  readonly entries: readonly PageEntry[]
  /** The bytes of what the log says is current, by kind and id. */
  readonly objects: ReadonlyMap<string, Uint8Array | undefined>
  /** Reads on to the head, in pages of `limit`. Fails on the first page that is not verified. */
  catchUp(limit: number): Promise<void>
}

/** Begins to follow. */
export function testFollower(
  reader: LogReader,
  serverName: string,
  trust: () => { readonly keys: ReadonlyMap<string, PublicKey>; readonly nowTs: number },
): TestFollower {
  let followed = startFollowing(serverName)
  const entries: PageEntry[] = []
  const objects = new Map<string, Uint8Array | undefined>()

  async function readPage(limit: number): Promise<number> {
    const page = await reader.page(serverName, { since: followed.range.size, limit, maxBytes: 8 * 1024 * 1024 })
    const taken: PageEntry[] = []
    const verdict = verifyPage(parsePage(encodeLogPage(page)), followed, trust(), (entry) => taken.push(entry))
    if (!verdict.verified) throw new Error(`${verdict.reason}: ${verdict.message}`)
    followed = verdict.followed
    for (const entry of taken) {
      entries.push(entry)
      const name = `${entry.header.kind} ${entry.header.id}`
      if (entry.header.op === 'delete') objects.delete(name)
      else objects.set(name, entry.body?.bytes)
    }
    return verdict.head.size
  }

  return {
    get followed() {
      return followed
    },
    entries,
    objects,
    async catchUp(limit) {
      while ((await readPage(limit)) > followed.range.size);
    },
  }
}
