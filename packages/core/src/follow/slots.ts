/** Does work when one of a number of places is free, first come first served. */
export type Slots = <T>(work: () => Promise<T>) => Promise<T>

/** Builds them. */
export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = []
  let free = count

  async function enter(): Promise<void> {
    if (free === 0) return new Promise((resolve) => waiting.push(resolve))
    free -= 1
  }

  function leave(): void {
    const next = waiting.shift()
    if (next) next()
    else free += 1
  }

  return async (work) => {
    await enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
