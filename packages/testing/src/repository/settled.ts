import assert from 'node:assert/strict'

/**
 * The result of a call of the site's code, or an error that says what is wrong with the call: it threw, or it was
 * not settled in time.
 */
export async function settled<T>(call: string, timeLimitMs: number, run: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeLimit = new Promise<never>((_, reject) => {
    const late = new assert.AssertionError({
      message:
        `${call} was not settled within ${timeLimitMs} ms. Make sure that its promise resolves on every path, and that ` +
        'its query has an index; a slow database can be given more with `timeLimitMs`.',
    })
    timer = setTimeout(() => reject(late), timeLimitMs)
  })
  try {
    return await Promise.race([started(call, run), timeLimit])
  } finally {
    clearTimeout(timer)
  }
}

async function started<T>(call: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw new Error(`${call} threw: ${describe(cause)}. It must not throw unless the database cannot be reached.`, {
      cause,
    })
  }
}

/** What a driver throws when nobody listens has a code and no message. */
function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.message || ('code' in cause ? String(cause.code) : cause.name)
}
