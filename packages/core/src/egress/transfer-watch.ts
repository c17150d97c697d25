import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'

/** A transfer that brings less than 1 KiB/s over this long is ended (PROTOCOL section 11). */
const SLOW_WINDOW_MS = 20_000
const SLOW_WINDOW_MIN_BYTES = 20 * 1024

/** Watches over the time that one request takes. */
export interface TransferWatch {
  /** Aborted when the time is up or the transfer too slow, then with the FederationError `too_slow`; or by `end`. */
  readonly signal: AbortSignal
  /** Tells of bytes that arrived. */
  received(bytes: number): void
  /** Ends the watch, and whatever of the transfer is still under way, for this reason. */
  end(reason: FederationError): void
}

/** Starts the watch over a request that may take `timeoutMs` in all. */
export function watchTransfer(environment: Environment, timeoutMs: number): TransferWatch {
  const controller = new AbortController()
  const end = (reason: FederationError): void => {
    cancelDeadline()
    cancelWindow()
    controller.abort(reason)
  }
  const tooSlow = (message: string): void => end(new FederationError('too_slow', message))
  let windowBytes = 0
  const cancelDeadline = environment.after(timeoutMs, () => tooSlow(`The answer was not there within ${timeoutMs} ms.`))
  let cancelWindow = openWindow()

  function openWindow(): () => void {
    windowBytes = 0
    return environment.after(SLOW_WINDOW_MS, () => {
      if (windowBytes < SLOW_WINDOW_MIN_BYTES) return tooSlow('The answer came slower than 1 KiB/s.')
      cancelWindow = openWindow()
    })
  }

  return {
    signal: controller.signal,
    received(bytes) {
      windowBytes += bytes
    },
    end,
  }
}

/**
 * Starts the watch over an answer that goes on: it ends when nothing came for `idleMs`, or when `stop` is aborted.
 *
 * @throws the reason of `stop` when it is aborted already.
 */
export function watchIdle(environment: Environment, idleMs: number, stop: AbortSignal): TransferWatch {
  stop.throwIfAborted()
  const controller = new AbortController()
  const tooSlow = (): void => end(new FederationError('too_slow', `Nothing came for ${idleMs} ms.`))
  const stopped = (): void => end(stop.reason)
  let cancelIdle = environment.after(idleMs, tooSlow)
  function end(reason: unknown): void {
    cancelIdle()
    stop.removeEventListener('abort', stopped)
    controller.abort(reason)
  }
  stop.addEventListener('abort', stopped)
  return {
    signal: controller.signal,
    received() {
      cancelIdle()
      cancelIdle = environment.after(idleMs, tooSlow)
    },
    end,
  }
}

/** Rejects with the signal's reason once it is aborted, for what cannot be aborted itself. */
export function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** A signal that is aborted with another one, or before. */
export interface FollowingSignal {
  readonly signal: AbortSignal
  /** Called in the end: the other one leads to it until then. */
  readonly abort: () => void
}

/**
 * Makes a signal that is aborted when another one is. `AbortSignal.any` does the same, and registers it for the day when
 * nobody holds it any more: so all that hears it, an answer with its body, stays until the whole memory is collected.
 */
export function abortedWith(other: AbortSignal): FollowingSignal {
  const controller = new AbortController()
  const abort = (): void => {
    other.removeEventListener('abort', abort)
    controller.abort(other.reason)
  }
  other.addEventListener('abort', abort)
  if (other.aborted) abort()
  return { signal: controller.signal, abort }
}
