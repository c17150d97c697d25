/** Runs tasks one after the other, in the order in which they were given. */
export type SerialQueue = <T>(task: () => Promise<T>) => Promise<T>

/** Builds a queue. A task that fails fails its own promise only. */
export function createSerialQueue(): SerialQueue {
  let tail: Promise<unknown> = Promise.resolve()
  return (task) => {
    const result = tail.then(task)
    tail = result.catch(() => undefined)
    return result
  }
}
