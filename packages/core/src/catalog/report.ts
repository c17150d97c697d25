import type { ObjectKind } from '../store/index.ts'

/** How many problems a report holds whole; the rest are counted. A broken export could have one a record. */
const MAX_LISTED_PROBLEMS = 100

/** A record that could not be published, and why. */
export interface RecordProblem {
  readonly kind: ObjectKind
  /** The record's id, or its place in the listing when it has none. */
  readonly id: string
  /** What is wrong and what it must be. */
  readonly message: string
}

/** What publishing did. */
export interface PublishReport {
  /** Objects signed, new or changed. */
  readonly published: number
  /** Objects taken out of the catalog. */
  readonly removed: number
  /** Records that were published already as they are. */
  readonly unchanged: number
  /** The first problems, at most 100. A record with a problem stays as it was published last. */
  readonly problems: readonly RecordProblem[]
  /** How many problems there were in all. */
  readonly problemCount: number
}

/** Counts what publishing does. */
export class ReportBuilder implements PublishReport {
  published = 0
  removed = 0
  unchanged = 0
  problems: RecordProblem[] = []
  problemCount = 0

  problem(problem: RecordProblem): void {
    this.problemCount += 1
    if (this.problems.length < MAX_LISTED_PROBLEMS) this.problems.push(problem)
  }

  /** Counts what another report did too. */
  add(other: ReportBuilder): void {
    this.published += other.published
    this.removed += other.removed
    this.unchanged += other.unchanged
    this.problemCount += other.problemCount
    this.problems.push(...other.problems.slice(0, MAX_LISTED_PROBLEMS - this.problems.length))
  }

  /** The numbers and problems so far, as plain data. */
  finish(): PublishReport {
    const { published, removed, unchanged, problems, problemCount } = this
    return { published, removed, unchanged, problems, problemCount }
  }
}
