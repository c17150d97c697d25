/**
 * The entries that a follower may lack and still be pushed to when it stands elsewhere than was thought: more of them
 * it gets quicker by pulling, in larger pages that nobody has to sign. One that takes what is pushed is pushed to
 * however much it lacks.
 */
const MAX_LACKING_ENTRIES = 1000

/** A follower that is left to pull is pushed to again when it lacks no more than this: the last page that it pulls. */
const MAX_LACKING_AT_THE_END = 256

/** What the quickest follower needs to pull an entry: it is asked again when it may have all of them. */
const PULLING_MS_AN_ENTRY = 0.1

/** How long it is left alone at least, and at most. */
const MIN_PAUSE_MS = 100
const MAX_PAUSE_MS = 10_000

/** A follower that lacks much and is left to pull. All that it is sent is the head, whose answer tells where it is. */
export interface CatchingUp {
  /** The entries that it held when it was last asked; undefined when it was not. */
  readonly size: number | undefined
}

/** Whether a follower of which nothing is known in this process is asked where it stands before it is pushed to. */
export function firstCatchingUp(acknowledgedSize: number, logSize: number): CatchingUp | undefined {
  return acknowledgedSize === 0 && logSize > MAX_LACKING_ENTRIES ? { size: undefined } : undefined
}

/**
 * Whether a follower is left to pull that answered that it does not stand where a transaction begins. One that stands
 * still does not pull, and is pushed to.
 */
export function catchingUpFrom(
  before: CatchingUp | undefined,
  { size, logSize }: { readonly size: number; readonly logSize: number },
): CatchingUp | undefined {
  if (size === before?.size) return undefined
  return logSize - size > (before ? MAX_LACKING_AT_THE_END : MAX_LACKING_ENTRIES) ? { size } : undefined
}

/** How long a follower is left to pull before it is asked how far it is, in milliseconds. */
export function catchingUpPauseMs(lackingEntries: number): number {
  return Math.round(Math.max(MIN_PAUSE_MS, Math.min(lackingEntries * PULLING_MS_AN_ENTRY, MAX_PAUSE_MS)))
}
