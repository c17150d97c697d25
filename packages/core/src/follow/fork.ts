import { sameBytes } from '../bytes.ts'
import { encodeBase64, isJsonObject, type JsonValue } from '../json/index.ts'
import { type FollowedLog, type LogHead, readRange, type ReadNodes, rootOf } from '../log/index.ts'
import type { ForkEvidence } from './origin-record.ts'

/**
 * Whether a head that is smaller than what is held contradicts it: then it is not an old copy but another log, for
 * example of a server that restored a backup and went on from there.
 *
 * @param readNodes - of the log that is held.
 */
export async function contradictsHeld(head: LogHead, held: FollowedLog, readNodes: ReadNodes): Promise<boolean> {
  if (head.epoch !== held.heads.at(-1)?.epoch || head.size > held.range.size) return false
  return !sameBytes(rootOf(await readRange(head.size, readNodes)), head.root)
}

/** What a fork is shown by. */
export interface ForkFindings extends Pick<ForkEvidence, 'reason' | 'message' | 'foundTs'> {
  /** The head that came with the page. */
  readonly head: LogHead
  /** The head that it contradicts, if that is known. */
  readonly contradicted: LogHead | undefined
  readonly held: FollowedLog
  /** The page; its form was checked. */
  readonly page: JsonValue
}

/** Puts together what shows that there are two logs. The bodies are left out: whose they are is told by the heads. */
export function evidenceOfFork({
  reason,
  message,
  foundTs,
  head,
  contradicted,
  held,
  page,
}: ForkFindings): ForkEvidence {
  const { start, entries, proof } = isJsonObject(page) ? page : {}
  const heads = contradicted ? [contradicted, head] : [...held.heads, head]
  return {
    reason,
    message,
    foundTs,
    heads: heads.map(({ json }) => json),
    held: { size: held.range.size, root: encodeBase64(rootOf(held.range)) },
    page: {
      start: typeof start === 'number' ? start : 0,
      entries: Array.isArray(entries) ? entries.length : 0,
      proof: proof ?? null,
    },
  }
}

/** What happened when a server shows a smaller log that contradicts what it signed before. */
export function restoredBackup({ serverName, size }: LogHead, { range }: FollowedLog): string {
  return (
    `${serverName} signed a log of ${range.size} entries before, and now one of ${size} that contradicts it (a fork): ` +
    'its operator restored a backup, or two servers run under one name.'
  )
}
