import type { Environment } from '../environment.ts'
import { encodeCursor } from '../catalog/index.ts'
import type { JsonObject } from '../json/index.ts'
import type { KeyEvidence } from '../keys/index.ts'
import type { ObjectKind } from '../store/index.ts'
import type { Completeness, ServerAnswer } from './answer.ts'
import type { Freshness } from './heads.ts'
import type { ServerProblem } from './problem.ts'

/** A series or chapter, verified. */
export interface CatalogItem {
  readonly kind: ObjectKind
  readonly id: string
  /** Of chapters, whose. */
  readonly seriesId: string | undefined
  /** Undefined in objects of other implementations. */
  readonly revision: number | undefined
  /** When its server says that it last changed, POSIX milliseconds. */
  readonly updatedTs: number | undefined
  /** All of it, as it was signed (PROTOCOL section 6.1): titles are in `metadata`, by language. */
  readonly json: JsonObject
}

/** A part of a catalog, with who served it, how old it is, and on whose word it is believed. */
export interface ReadPage {
  readonly items: readonly CatalogItem[]
  /** Goes on behind this page; undefined on the last one. Any server of the catalog takes it. */
  readonly next: string | undefined
  readonly servedBy: string
  readonly isPrimary: boolean
  /** When it was read, POSIX milliseconds. */
  readonly readTs: number
  readonly freshness: Freshness
  /** How long ago the catalog's server signed the state that was shown, in milliseconds; undefined where none is told. */
  readonly ageMs: number | undefined
  readonly completeness: Completeness
  /** All of this in words, for people. */
  readonly message: string
  /** The keys that signed the items, each with who told of it. */
  readonly evidence: readonly KeyEvidence[]
  /** What was wrong with servers that were passed over, and with what is shown. */
  readonly problems: readonly ServerProblem[]
}

const FRESHNESS_WORDS: Readonly<Record<Freshness, string>> = {
  fresh: 'as far as is known this is the latest state',
  stale: 'its server has not signed its state lately, so there may be news',
  behind: 'a later state is known, but no server that answers has it',
  forked: 'its server signed two contradicting states: ask its operator what happened',
  unknown: 'nothing tells how old it is',
}

const COMPLETENESS_WORDS: Readonly<Record<Completeness, string>> = {
  primary: 'The listing is the server’s own.',
  checked: 'The listing was held against the log: nothing is missing.',
  unchecked: 'Each item is authentic; whether some were left out was not checked.',
}

/**
 * Makes the page that an app gets of the answer that was chosen.
 *
 * @param serverName - whose catalog it is.
 * @param problems - of all servers that were asked.
 */
export function pageOf(
  answer: ServerAnswer,
  serverName: string,
  problems: readonly ServerProblem[],
  environment: Environment,
): ReadPage {
  const readTs = environment.now()
  const { shown, completeness, untilId, evidence, objects } = answer
  const isPrimary = answer.serverName === serverName
  const ageMs = shown.head && Math.max(0, readTs - shown.head.issuedTs)
  const isFlawed = problems.some((problem) => problem.serverName === answer.serverName)
  return {
    items: objects.map(({ kind, id, seriesId, revision, updatedTs, json }) => ({
      kind,
      id,
      seriesId,
      revision,
      updatedTs,
      json,
    })),
    next: untilId === undefined ? undefined : encodeCursor(untilId),
    servedBy: answer.serverName,
    isPrimary,
    readTs,
    freshness: shown.freshness,
    ageMs,
    completeness,
    message: [
      isPrimary ? `Served by ${serverName} itself` : `Served by ${answer.serverName} on behalf of ${serverName}`,
      `; ${FRESHNESS_WORDS[shown.freshness]}${ageMs === undefined ? '' : ` (signed ${agoWords(ageMs)})`}. `,
      isFlawed ? 'Something is wrong with it: see the problems.' : COMPLETENESS_WORDS[completeness],
    ].join(''),
    evidence,
    problems,
  }
}

const AGE_UNITS = [
  ['day', 24 * 60 * 60 * 1000],
  ['hour', 60 * 60 * 1000],
  ['minute', 60 * 1000],
] as const

function agoWords(ms: number): string {
  for (const [unit, unitMs] of AGE_UNITS) {
    const count = Math.floor(ms / unitMs)
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'} ago`
  }
  return 'just now'
}
