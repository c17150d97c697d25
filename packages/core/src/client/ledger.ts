import { sameBytes } from '../bytes.ts'
import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import { findHeadKeys } from '../follow/head-keys.ts'
import { headsWithinReach } from '../follow/heads.ts'
import type { LogSource } from '../follow/log-source.ts'
import { objectKey } from '../follow/page-objects.ts'
import type { ReceivedObject } from '../follow/received-object.ts'
import type { JsonValue } from '../json/index.ts'
import type { KeyFinder } from '../keys/index.ts'
import { type EntryHeader, type FollowedLog, type LogHead, startFollowing, verifyPage } from '../log/index.ts'
import { singleFlight } from '../single-flight.ts'
import type { ObjectKind } from '../store/index.ts'
import { isAfter, type ListedObjects, type Listing } from './listing.ts'
import type { ObjectName, ProblemReason } from './problem.ts'

/** The longest log that is read: some 200 bytes of memory an entry. */
export const MAX_LEDGER_ENTRIES = 1_000_000

/** What the ledger is told of an entry. */
interface LedgerEntry {
  readonly header: EntryHeader
  readonly seriesId: JsonValue | undefined
}

/** What the log says of an object that is current. */
interface LedgerRow extends ObjectName {
  readonly revision: number
  readonly sha256: Uint8Array
  /** Undefined for series, and where the log's bodies do not tell yet. */
  readonly seriesId: string | undefined
}

/** Objects of a listing that the log contradicts, and how. */
export interface Contradiction {
  readonly reason: Extract<ProblemReason, 'omitted' | 'old' | 'withdrawn'>
  readonly objects: readonly ObjectName[]
}

/**
 * What a catalog has, read from its log: for each object the one version that is current. Whoever serves the log can
 * leave nothing out of it and change nothing in it, so a listing can be held against it.
 */
export interface Ledger {
  /** How many entries it has read. */
  readonly size: number
  /** Whether these are all entries of the newest head that it saw; listings are held against nothing less. */
  readonly isComplete: boolean
  count(kind: ObjectKind): number
  /** Whether it has read all that a head covers. A head of an earlier log has nothing that is of use. */
  covers(head: LogHead): boolean
  /**
   * Reads on, up to the head that the source shows. Nothing of it is kept but ids, revisions and hashes.
   *
   * @param maxEntries - a longer log is refused.
   * @throws FederationError what {@link LogSource.page} throws; `bad_response` with what is wrong with the log.
   */
  readFrom(source: LogSource, maxEntries: number): Promise<void>
  /** What the log contradicts in a part of a listing. Of a search it only says whether what was found is current. */
  contradictionsOf(listing: Listing, listed: ListedObjects): Contradiction[]
}

/** What a ledger works with. */
export interface LedgerOptions {
  readonly serverName: string
  readonly finder: KeyFinder
  readonly environment: Environment
}

/** Opens a ledger that has read nothing yet. */
export function openLedger({ serverName, finder, environment }: LedgerOptions): Ledger {
  const oneAtATime = singleFlight<void>()
  let followed: FollowedLog = startFollowing(serverName)
  let rows = new Map<string, LedgerRow>()
  /** Objects whose present body nobody served yet, so that a chapter's series is not known. */
  let withheld = new Set<string>()

  function restart(): void {
    followed = startFollowing(serverName)
    rows = new Map()
    withheld = new Set()
  }

  async function readOn(source: LogSource, maxEntries: number): Promise<void> {
    for (;;) {
      const served = await source.page(followed.range.size)
      const page = served.read()
      const { head } = page.json
      const { trust, missing } = await findHeadKeys(head, serverName, { finder, environment })
      const heads = headsWithinReach(followed.heads, head)
      const entries: LedgerEntry[] = []
      const verdict = verifyPage(page, { ...followed, heads }, trust, ({ header, body }) =>
        entries.push({ header, seriesId: body?.json.series_id }),
      )
      if (!verdict.verified) {
        if (verdict.reason !== 'new_epoch') throw new FederationError('bad_response', missing ?? verdict.message)
        restart()
        continue
      }
      if (verdict.head.size > maxEntries) throw tooLong(verdict.head, maxEntries)
      followed = verdict.followed
      entries.forEach(enter)
      for (const header of verdict.withheld) withheld.add(objectKey(header))
      await environment.yieldToOthers()
      if (followed.range.size >= verdict.head.size) return refuseWithheld()
    }
  }

  function enter({ header, seriesId }: LedgerEntry): void {
    const key = objectKey(header)
    withheld.delete(key)
    if (!header.body) {
      rows.delete(key)
      return
    }
    const { kind, id, revision } = header
    rows.set(key, {
      kind,
      id,
      revision,
      sha256: header.body.sha256,
      seriesId: typeof seriesId === 'string' ? seriesId : undefined,
    })
  }

  function refuseWithheld(): void {
    const [first] = withheld
    if (first === undefined) return
    restart()
    throw new FederationError('bad_response', `The body of ${first} was left out of the log, though it is current.`)
  }

  function staleness(object: ReceivedObject): Contradiction['reason'] | undefined {
    const row = rows.get(objectKey(object))
    if (!row) return 'withdrawn'
    if (sameBytes(row.sha256, object.contentHash)) return undefined
    return (object.revision ?? 0) < row.revision ? 'old' : 'withdrawn'
  }

  return {
    get size() {
      return followed.range.size
    },
    get isComplete() {
      const last = followed.heads.at(-1)
      return last !== undefined && followed.range.size >= last.size
    },
    count: (kind) => [...rows.values()].filter((row) => row.kind === kind).length,
    covers({ epoch, size }) {
      const last = followed.heads.at(-1)?.epoch ?? 0
      return epoch < last || (epoch === last && size <= followed.range.size)
    },
    readFrom: (source, maxEntries) => oneAtATime('', () => readOn(source, maxEntries)),
    contradictionsOf(listing, listed) {
      const outdated = listed.objects.map((object) => ({ object, reason: staleness(object) }))
      const withReason = (reason: Contradiction['reason']): ObjectName[] =>
        outdated.filter((found) => found.reason === reason).map(({ object: { kind, id } }) => ({ kind, id }))
      const omitted = isFiltered(listing) ? [] : omittedFrom(listing, listed, rows.values())
      return [
        { reason: 'omitted' as const, objects: omitted },
        { reason: 'old' as const, objects: withReason('old') },
        { reason: 'withdrawn' as const, objects: withReason('withdrawn') },
      ].filter(({ objects }) => objects.length > 0)
    },
  }
}

function tooLong({ serverName, size }: LogHead, maxEntries: number): FederationError {
  return new FederationError('bad_response', `The log of ${serverName} has ${size} entries; ${maxEntries} are read.`)
}

/** Whether a listing shows only some of a catalog by what is written in the objects. */
export function isFiltered({ q, locale }: Listing): boolean {
  return q !== undefined || locale !== undefined
}

function omittedFrom(
  { kind, seriesId, afterId }: Listing,
  { objects, broken, untilId }: ListedObjects,
  rows: Iterable<LedgerRow>,
): ObjectName[] {
  const shown = new Set([...objects, ...broken].map(({ id }) => id))
  const omitted: ObjectName[] = []
  for (const row of rows) {
    if (row.kind !== kind || (seriesId !== undefined && row.seriesId !== seriesId) || shown.has(row.id)) continue
    if (isAfter(row.id, afterId) && (untilId === undefined || !isAfter(row.id, untilId))) {
      omitted.push({ kind, id: row.id })
    }
  }
  return omitted
}
