/** Bodies that stay open for as long as the client listens, such as server-sent events. */
export interface OpenStreams {
  /**
   * A body that ends with its source, when the client goes away, or when {@link OpenStreams.end} is called.
   *
   * Give the first chunk at once: the head of the answer goes out with it.
   *
   * @param source - called when the body is asked for its first chunk, not for `HEAD`. What it waits for must end with
   *   `signal`: a generator that waits cannot be ended from outside.
   */
  open(source: (signal: AbortSignal) => AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
  /** Ends all that are open, and whichever is opened later at once: a site that closes waits for every answer. */
  end(): void
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** Builds an empty set of open streams. */
export function createOpenStreams(): OpenStreams {
  const endings = new Set<() => void>()
  let ended = false

  function begin(source: (signal: AbortSignal) => AsyncIterable<Uint8Array>): AsyncIterator<Uint8Array, undefined> {
    const controller = new AbortController()
    const chunks = source(controller.signal)[Symbol.asyncIterator]()
    let settle: (end: typeof DONE) => void = () => {}

    function end(): void {
      endings.delete(end)
      controller.abort()
      settle(DONE)
      // Lets a source that waits at `yield` clean up; nobody listens any more to what goes wrong in it.
      chunks.return?.().catch(() => {})
    }

    async function nextOfSource(): Promise<IteratorResult<Uint8Array, undefined>> {
      let goesOn = false
      try {
        const result = await chunks.next()
        goesOn = !result.done
        return result.done ? DONE : result
      } finally {
        if (!goesOn) endings.delete(end)
      }
    }

    endings.add(end)
    if (ended) end()
    return {
      next() {
        if (controller.signal.aborted) return Promise.resolve(DONE)
        // Not Promise.race: on a promise that stays pending, each race of a long stream would leave something behind.
        return new Promise((resolve, reject) => {
          settle = resolve
          nextOfSource().then(resolve, reject)
        })
      },
      return() {
        end()
        return Promise.resolve(DONE)
      },
    }
  }

  return {
    open: (source) => ({ [Symbol.asyncIterator]: () => begin(source) }),
    end() {
      ended = true
      for (const end of endings) end()
    },
  }
}
