/**
 * Runs work once for all who ask for it at the same time.
 *
 * @typeParam Result - what the work gives, or fails with, to all of them.
 */
export type SingleFlight<Result> = (key: string, work: () => Promise<Result>) => Promise<Result>

/** Makes the register of what is under way. What is over is forgotten. */
export function singleFlight<Result>(): SingleFlight<Result> {
  const underWay = new Map<string, Promise<Result>>()
  return (key, work) => {
    const running = underWay.get(key)
    if (running) return running
    const started = work().finally(() => underWay.delete(key))
    underWay.set(key, started)
    return started
  }
}
