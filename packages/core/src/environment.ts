/** What the federation takes from the machine: the time and waiting. Injected, so that no test sleeps. */
export interface Environment {
  /** The present, in POSIX milliseconds. */
  now(): number
  /**
   * Runs `task` once after `delayMs`, without keeping the process alive for it.
   *
   * @returns a function that cancels it.
   */
  after(delayMs: number, task: () => void): () => void
  /** Lets requests and timers have their turn in the middle of long work. */
  yieldToOthers(): Promise<void>
}

/** `setTimeout` counts its delay in 32 bits; a longer one would run at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The real clock and the real timers. */
export const systemEnvironment: Environment = {
  now: Date.now,
  after(delayMs, task) {
    const timer: unknown = setTimeout(task, Math.min(delayMs, MAX_TIMER_MS))
    // Browsers return a number, Node an object that can be told not to hold the process.
    if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref()
    return () => clearTimeout(timer as ReturnType<typeof setTimeout>)
  },
  yieldToOthers: () =>
    new Promise((resolve) => (typeof setImmediate === 'function' ? setImmediate(resolve) : setTimeout(resolve, 0))),
}

/** Waits for work, but not longer than this: what it does afterwards is nobody's concern. */
export async function atMost(work: Promise<unknown>, limitMs: number, environment: Environment): Promise<void> {
  let cancel: (() => void) | undefined
  const timeUp = new Promise<void>((resolve) => {
    cancel = environment.after(limitMs, resolve)
  })
  await Promise.race([work, timeUp])
  cancel?.()
}
