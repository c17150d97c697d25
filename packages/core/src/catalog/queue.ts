/** Runs tasks one after the other, in the order in which they were given. */
export interface SerialQueue {
  /** A task that fails fails its own promise only. */
  <T>(task: () => Promise<T>): Promise<T>
  /** Whether tasks wait for the one that runs. */
  isWaitedFor(): boolean
}

/** Builds a queue. */
export function createSerialQueue(): SerialQueue {
  let tail: Promise<unknown> = Promise.resolve()
  let waiting = 0
  function run<T>(task: () => Promise<T>): Promise<T> {
    waiting += 1
    const result = tail.then(() => {
      waiting -= 1
      return task()
    })
    tail = result.catch(() => undefined)
    return result
  }
  return Object.assign(run, { isWaitedFor: () => waiting > 0 })
}
