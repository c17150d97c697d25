import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port of this machine on which nobody listens.
 *
 * @param preferred is taken if it is free; 0 has no preference.
 */
export async function freePort(preferred: number = 0): Promise<number> {
  const probe = createServer()
  try {
    await once(probe.listen(preferred, '127.0.0.1'), 'listening')
  } catch (error) {
    if (preferred !== 0 && isTaken(error)) return freePort()
    throw error
  }
  const address = probe.address()
  await once(probe.close(), 'close')
  return typeof address === 'object' && address ? address.port : preferred
}

/** In use, or kept for the system. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')
}
