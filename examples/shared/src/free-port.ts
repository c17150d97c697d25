import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Ports that no system hands out by itself, to connections or to whoever listens on port 0: so what is free stays free
 * until it is listened on. Linux begins with those at 32768.
 */
const PORTS = { from: 20_000, to: 30_000 } as const

/** More are hardly ever taken. */
const MAX_TRIES = 100

/** Those that this process was given: nobody may listen on them yet. */
const given = new Set<number>()

/**
 * A port of this machine on which nobody listens; each call gives another one.
 *
 * @param preferred is taken if it is free; 0 has no preference.
 */
export async function freePort(preferred: number = 0): Promise<number> {
  if (preferred !== 0 && (await isFree(preferred))) return preferred
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const port = randomInt(PORTS.from, PORTS.to)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
  throw new Error(`No port from ${PORTS.from} to ${PORTS.to} is free.`)
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  try {
    await once(probe.listen(port, '127.0.0.1'), 'listening')
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
  await once(probe.close(), 'close')
  return true
}

/** In use, or kept for the system. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')
}
