import { sameBytes } from '../bytes.ts'
import { type FollowedLog, type LogHead, type ReadNodes, readRange, rootOf, startFollowing } from '../log/index.ts'
import type { Store } from '../store/index.ts'
import type { OriginRecord } from './origin-record.ts'
import type { OriginRecords } from './origin-records.ts'

/** Where the follower of a log stands. */
export interface Standing {
  readonly record: OriginRecord
  readonly held: FollowedLog
}

/** Where that is kept. */
export interface StandingOptions {
  readonly store: Pick<Store, 'catalog' | 'log'>
  readonly records: OriginRecords
}

/** Reads where the follower of a log stands, from the store alone; undefined when the server is not followed. */
export async function standingOf(
  serverName: string,
  { store, records }: StandingOptions,
): Promise<Standing | undefined> {
  const record = await records.get(serverName)
  if (!record) return undefined
  if (record.restart) return { record, held: startFollowing(serverName) }
  const { size } = await store.catalog.state(serverName)
  const range = await readRange(size, nodesOf(serverName, store))
  return { record, held: { serverName, range, heads: record.heads } }
}

/** Reads nodes of a log that is held. */
export function nodesOf(serverName: string, { log }: Pick<Store, 'log'>): ReadNodes {
  return (positions) => log.nodes(serverName, positions)
}

/** Whether a page that was compared with one of them is the same to the other. */
export function isSameStanding(one: Standing, other: Standing): boolean {
  return (
    one.record.restart === other.record.restart &&
    one.held.range.size === other.held.range.size &&
    sameBytes(rootOf(one.held.range), rootOf(other.held.range)) &&
    one.held.heads.length === other.held.heads.length &&
    one.held.heads.every((head, index) => isSameHead(head, other.held.heads[index]!))
  )
}

function isSameHead(one: LogHead, other: LogHead): boolean {
  return (
    one.epoch === other.epoch &&
    one.size === other.size &&
    one.issuedTs === other.issuedTs &&
    sameBytes(one.root, other.root)
  )
}
