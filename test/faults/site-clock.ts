import type { Environment } from '@manga-federation/core'

/** The clock of a site's process: that of the machine, which a test sets wrong, or lets run ahead. */
export interface SiteClock {
  readonly environment: Environment
  /** Shows this much more than the machine's clock. Timers do not notice, as on a real machine. */
  set(offsetMs: number): void
  /** Lets so much time pass at once: the clock shows it, and timers that are due then run. */
  pass(ms: number): void
}

/** A task that waits. */
interface Timer {
  readonly dueMs: number
  run(): void
}

/** Builds a clock that is right. */
export function siteClock(): SiteClock {
  const timers = new Set<Timer>()
  let offsetMs = 0
  let passedMs = 0
  const elapsedMs = (): number => performance.now() + passedMs
  return {
    environment: {
      now: () => Math.floor(Date.now() + passedMs + offsetMs),
      after(delayMs, task) {
        const timer: Timer = { dueMs: elapsedMs() + delayMs, run }
        const handle = setTimeout(run, delayMs).unref()
        timers.add(timer)
        function cancel(): void {
          timers.delete(timer)
          clearTimeout(handle)
        }
        function run(): void {
          cancel()
          task()
        }
        return cancel
      },
      yieldToOthers: () => new Promise((resolve) => setImmediate(resolve)),
    },
    set(newOffsetMs) {
      offsetMs = newOffsetMs
    },
    pass(ms) {
      passedMs += ms
      const due = [...timers].filter(({ dueMs }) => dueMs <= elapsedMs()).sort((a, b) => a.dueMs - b.dueMs)
      for (const timer of due) if (timers.has(timer)) timer.run()
    },
  }
}
