import type { Environment } from './environment.ts'

/** A clock that only the test moves, with the timers that hang on it. */
export interface ManualEnvironment extends Environment {
  /** Moves the clock and runs what falls due, in order. */
  advance(byMs: number): Promise<void>
  /** How many timers wait. */
  readonly waiting: number
}

/** Builds a clock that stands at `startTs`. */
export function manualEnvironment(startTs: number = Date.UTC(2026, 0, 1)): ManualEnvironment {
  let now = startTs
  let timers: { dueTs: number; task: () => void }[] = []
  const yieldToOthers = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  return {
    now: () => now,
    after(delayMs, task) {
      const timer = { dueTs: now + delayMs, task }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    yieldToOthers,
    async advance(byMs) {
      const endTs = now + byMs
      // What the test just called has its turn first, and may set timers.
      await yieldToOthers()
      for (;;) {
        const next = timers.filter((timer) => timer.dueTs <= endTs).sort((a, b) => a.dueTs - b.dueTs)[0]
        if (!next) break
        timers = timers.filter((timer) => timer !== next)
        now = Math.max(now, next.dueTs)
        next.task()
        await yieldToOthers()
      }
      now = endTs
    },
    get waiting() {
      return timers.length
    },
  }
}
