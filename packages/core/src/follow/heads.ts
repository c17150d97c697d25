import { isJsonObject, type JsonValue } from '../json/index.ts'
import type { LogHead } from '../log/index.ts'

/**
 * The heads of a log that its follower is held to: the last one, and while entries are missing the first one that they
 * have not reached (see `FollowedLog`).
 *
 * @param heads - accepted ones, in any order; those of one size have one root.
 * @param size - how many entries are held.
 */
export function headsToKeep(heads: readonly LogHead[], size: number): LogHead[] {
  const ahead = heads.filter((head) => head.size > size).map((head) => head.size)
  const last = Math.max(...heads.map((head) => head.size))
  const kept = new Set([...ahead.toSorted((a, b) => a - b).slice(0, 1), last])
  return [...kept].flatMap((at) => newestOf(heads, at) ?? [])
}

/** The head of this size that was signed last. */
export function newestOf(heads: readonly LogHead[], size: number): LogHead | undefined {
  return heads.filter((head) => head.size === size).toSorted((a, b) => b.issuedTs - a.issuedTs)[0]
}

/**
 * The heads that a relay's page can be held against: it may lag behind what is known already, and what its head covers
 * is of use all the same. Whether the later heads agree shows when the entries reach them.
 *
 * @param received - the page's head, whatever it is.
 */
export function headsWithinReach(heads: readonly LogHead[], received: JsonValue | undefined): LogHead[] {
  const { epoch, size } = isJsonObject(received) ? received : {}
  return heads.filter((head) => head.epoch !== epoch || typeof size !== 'number' || head.size <= size)
}
