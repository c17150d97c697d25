/** How often it is looked whether the process has used more than its share. */
const LOOK_INTERVAL_MS = 2

/** What a process that was idle may use at once. */
const MAX_SAVED_MS = 5

const clock = new Int32Array(new SharedArrayBuffer(4))

/**
 * Lets this process use only a share of one core, all its threads together, as the limit of a container does: when it
 * has used more, its main thread stands still until the share allows it again.
 *
 * @param share - above 0, below 1.
 */
export function holdToShare(share: number): void {
  let usedMs = cpuMs()
  let allowedMs = usedMs
  let lookedAt = performance.now()
  setInterval(() => {
    const now = performance.now()
    allowedMs += (now - lookedAt) * share
    lookedAt = now
    usedMs = cpuMs()
    allowedMs = Math.min(allowedMs, usedMs + MAX_SAVED_MS)
    if (usedMs > allowedMs) Atomics.wait(clock, 0, 0, (usedMs - allowedMs) / share)
  }, LOOK_INTERVAL_MS)
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
