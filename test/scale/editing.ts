import type { Random } from '../faults/random.ts'
import { until } from '../faults/site.ts'
import { randomEditors } from './changes.ts'
import { postJson } from './cluster.ts'

/** Batches of changes that are on their way at a time. */
const EDITORS = 8

/** The changes of a site on their way to it. */
export interface Editing {
  /** Makes all of them. */
  run(): Promise<void>
  /** Resolves when so many percent of them are made. */
  reached(percent: number): Promise<void>
}

/** Prepares so many changes, by random choices, for the site that listens there. */
export function editSite(address: string, changes: number, random: Random): Editing {
  const editors = randomEditors(changes, random)
  const waiting = new Set<{ readonly for: number; readonly reached: () => void }>()
  let made = 0

  function advance(by: number): void {
    made += by
    for (const one of waiting) {
      if (made < one.for) continue
      waiting.delete(one)
      one.reached()
    }
  }

  async function edit(): Promise<void> {
    for (let batch = editors.next(); batch; batch = editors.next()) {
      const sent = batch
      // Whoever is told of a failure, or nothing, sends the form again.
      await until(
        () => postJson(`${address}/changes`, sent).catch((error: unknown) => String(error)),
        (failure) => failure === undefined,
      )
      editors.made(batch)
      advance(batch.changes.length)
    }
  }

  return {
    run: async () => void (await Promise.all(Array.from({ length: EDITORS }, edit))),
    reached: (percent) => new Promise((reached) => waiting.add({ for: (changes * percent) / 100, reached })),
  }
}
