import type { ObjectKind } from '../store/index.ts'

/** What is wrong with a server. */
export type ProblemReason =
  /** It cannot be reached, or says that it is broken. */
  | 'unreachable'
  /** What it answers is not what was asked for. */
  | 'refused'
  /** Objects, or the head of the log, are not what the catalog's server signed. */
  | 'altered'
  /** Objects are signed with a key that nobody vouches for. */
  | 'unknown_key'
  /** Somebody tells another key than others told before. */
  | 'key_conflict'
  /** What objects pass on of a third server cannot be verified. */
  | 'unverifiable'
  /** Objects that the log names were left out. */
  | 'omitted'
  /** Objects have a newer version, signed and logged. */
  | 'old'
  /** Objects that the log says were deleted, or that it never named. */
  | 'withdrawn'
  /** It holds less of the log than was seen elsewhere. */
  | 'behind'
  /** The catalog's server signed two logs that contradict each other. */
  | 'forked'

/** An object by what it is and its id. */
export interface ObjectName {
  readonly kind: ObjectKind
  readonly id: string
}

/** What was found wrong with one server. */
export interface ServerProblem {
  readonly serverName: string
  readonly reason: ProblemReason
  /** In words, with the ids of the objects. */
  readonly message: string
  /** The objects that it is about, as far as they have readable ids. */
  readonly objects: readonly ObjectName[]
}

/** Reasons that show a lie: such a server is asked last for a while. */
const LIES: ReadonlySet<ProblemReason> = new Set(['altered', 'omitted', 'old', 'withdrawn'])

/** Reasons that lie with the catalog: every server that is honest has them too. */
const OF_CATALOG: ReadonlySet<ProblemReason> = new Set(['forked', 'unverifiable'])

/** Ids that a message names; `objects` has them all. */
const MAX_NAMED = 10

/** Whether an honest server cannot have this problem. */
export function isLie({ reason }: ServerProblem): boolean {
  return LIES.has(reason)
}

/** How bad an answer with these problems is, to choose the least bad one: 0 when no other server could do better. */
export function gravityOf(problems: readonly ServerProblem[]): number {
  const ofServer = problems.filter(({ reason }) => !OF_CATALOG.has(reason))
  return ofServer.reduce((sum, { objects }) => sum + Math.max(objects.length, 1), 0)
}

/** `series "a", chapter "b" and 3 more`. */
export function namesOf(objects: readonly ObjectName[]): string {
  const named = objects.slice(0, MAX_NAMED).map(({ kind, id }) => `${kind} ${JSON.stringify(id)}`)
  const more = objects.length - named.length
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '')
}
