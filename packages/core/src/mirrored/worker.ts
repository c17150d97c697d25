import { backOffMs } from '../back-off.ts'
import type { Environment } from '../environment.ts'
import { reasonOf } from '../errors.ts'
import type { Logger } from '../logger.ts'

/** The first wait after a step that failed; doubles each time. */
const FIRST_RETRY_MS = 1000

/** The longest wait between tries: what was mended is noticed within minutes. */
const MAX_RETRY_MS = 5 * 60 * 1000

/** One step of work; false when there is nothing left to do. A step that rejects is tried again. */
export type Step = () => Promise<boolean>

/** Works in the background, step by step, for as long as there is work. */
export interface Worker {
  /** There may be work. */
  wake(): void
  /** Ends it; resolves when the step that is under way is done. */
  stop(): Promise<void>
}

/** Builds a worker that sleeps until it is woken. */
export function createWorker(
  step: Step,
  { environment, logger, task }: { readonly environment: Environment; readonly logger: Logger; readonly task: string },
): Worker {
  let running: Promise<void> | undefined
  let isWoken = false
  let isStopped = false
  let failures = 0
  let cancelRetry: (() => void) | undefined

  async function run(): Promise<void> {
    try {
      while (isWoken && !isStopped) {
        isWoken = false
        while (!isStopped && (await step())) await environment.yieldToOthers()
        failures = 0
      }
    } catch (error) {
      if (!isStopped) retryLater(error)
    } finally {
      running = undefined
    }
  }

  function retryLater(error: unknown): void {
    const delayMs = backOffMs(failures + 1, FIRST_RETRY_MS, MAX_RETRY_MS)
    failures += 1
    logger.warn({ err: error, failures, delayMs }, `${task} failed and is tried again: ${reasonOf(error)}`)
    cancelRetry = environment.after(delayMs, () => {
      cancelRetry = undefined
      worker.wake()
    })
  }

  const worker: Worker = {
    wake() {
      isWoken = true
      // While it waits after a failure, more work is no reason to hurry.
      if (isStopped || cancelRetry) return
      running ??= run()
    },
    async stop() {
      isStopped = true
      cancelRetry?.()
      await running
    },
  }
  return worker
}
