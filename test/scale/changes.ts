import type { ObjectKind } from '@manga-federation/core'
import type { Random } from '../faults/random.ts'

/** Changes that are sent together. */
const CHANGES_A_BATCH = 25

/** The series are there from the start. */
export const SERIES = 10

/** Chapters that change again and again, in several processes at a time. */
const POPULAR = 8

/** Of each batch so many changes are of what was there before; all others add chapters. */
const EDITS = { deletions: 2, corrections: 5, popular: 3 } as const

/** What is done to one record: it is added, edited or brought back, or it is deleted. */
export interface Change {
  readonly kind: ObjectKind
  readonly id: string
  readonly isDeletion: boolean
}

/** Changes that are made together. Sent twice, they are made once. */
export interface Batch {
  readonly number: number
  /** No record twice. */
  readonly changes: readonly Change[]
}

/** Those who change the catalog of a site. */
export interface Editors {
  /** The next changes; undefined when all were begun. */
  next(): Batch | undefined
  /** These changes were made: what they added may be edited. */
  made(batch: Batch): void
}

/** Editors who make so many changes, by random choices. */
export function randomEditors(changes: number, random: Random): Editors {
  const batches = changes / CHANGES_A_BATCH
  const chapters: string[] = []
  let begun = 0

  function oneOf(ids: readonly string[]): string | undefined {
    return ids[random.below(ids.length)]
  }

  function* changesOf(batch: number): Generator<Change> {
    yield { kind: 'series', id: `s${random.below(SERIES)}`, isDeletion: false }
    for (let edit = 0; edit < EDITS.popular; edit += 1) {
      yield { kind: 'chapter', id: `p${random.below(POPULAR)}`, isDeletion: random.below(2) === 0 }
    }
    for (let edit = 0; edit < EDITS.deletions + EDITS.corrections; edit += 1) {
      const id = oneOf(chapters)
      if (id) yield { kind: 'chapter', id, isDeletion: edit < EDITS.deletions }
    }
    for (let added = 0; ; added += 1) yield { kind: 'chapter', id: idOfAdded(batch, added), isDeletion: false }
  }

  return {
    next() {
      if (begun === batches) return undefined
      begun += 1
      const chosen = new Map<string, Change>()
      for (const change of changesOf(begun)) {
        chosen.set(change.id, change)
        if (chosen.size === CHANGES_A_BATCH) break
      }
      return { number: begun, changes: [...chosen.values()] }
    },
    made({ number, changes: made }) {
      const added = made.filter(({ id }) => id.startsWith(idOfAdded(number, '')))
      chapters.push(...added.map(({ id }) => id))
    },
  }
}

function idOfAdded(batch: number, place: number | ''): string {
  return `c${batch}-${place}`
}
