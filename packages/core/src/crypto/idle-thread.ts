import { type ResourceLimits, type Transferable, Worker } from 'node:worker_threads'

/** A thread that nobody needs ends after so long; starting one takes some 30 ms. */
const IDLE_MS = 1000

/** A few tasks are all that it ever holds. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 }

/** Which of a package's files are meant, for threads that import some: these count for the whole process. */
const execArgv = process.execArgv.filter((argument) => /^(--conditions|-C)=/.test(argument))

/** A thread that is started when there is something to do, and ends when there was nothing for a while. */
export interface IdleThread<Task, Answer, Told = never> {
  /**
   * Gives it a task; tasks are done in their order. Whoever waits keeps the process alive, a thread without work does
   * not.
   *
   * @param transfer - buffers that move to the thread.
   * @returns undefined when there is no thread, or it ended: threads may be forbidden (Node's permission model), or
   *   there may be no room for another one. Never rejects.
   */
  ask(task: Task, transfer?: readonly Transferable[]): Promise<Answer | undefined>
  /** Tells it something besides tasks, if it runs. */
  tell(told: Told): void
}

/** A worker, and who waits for its next answers. */
interface Running<Answer> {
  readonly worker: Worker
  readonly waiting: ((answer: Answer | undefined) => void)[]
}

/** What a thread posts besides its answers. */
export interface Saying<Said = unknown> {
  readonly said: Said
}

/**
 * @param source - listens to `parentPort` and posts one answer to each task. A text, of which no bundler has to know, or
 *   a file.
 * @param hear - is given what it says besides, as {@link Saying}. Default: it says nothing.
 */
export function createIdleThread<Task, Answer, Told = never>(
  source: string | URL,
  resourceLimits: ResourceLimits = THREAD_LIMITS,
  hear: (said: unknown) => void = () => {},
): IdleThread<Task, Answer, Told> {
  let running: Running<Answer> | undefined
  let rest: NodeJS.Timeout | undefined

  function start(): Running<Answer> {
    // Without the process's own arguments and environment: loaders and hooks of the site are not for this thread.
    const worker = new Worker(source, { eval: typeof source === 'string', execArgv, env: {}, resourceLimits })
    const started: Running<Answer> = { worker, waiting: [] }
    worker.on('message', (message: Answer | Saying) => {
      if (isSaying(message)) return hear(message.said)
      started.waiting.shift()?.(message)
      if (started.waiting.length === 0) letRest(started)
    })
    worker.on('error', () => undefined)
    worker.on('exit', () => {
      if (running === started) running = undefined
      for (const giveUp of started.waiting.splice(0)) giveUp(undefined)
    })
    return started
  }

  function letRest({ worker }: Running<Answer>): void {
    worker.unref()
    rest = setTimeout(() => {
      running = undefined
      void worker.terminate()
    }, IDLE_MS)
    rest.unref()
  }

  return {
    async ask(task, transfer = []) {
      clearTimeout(rest)
      try {
        running ??= start()
        running.worker.postMessage(task, transfer)
        running.worker.ref()
      } catch {
        return undefined
      }
      const { waiting } = running
      return new Promise((resolve) => waiting.push(resolve))
    },
    tell(told) {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      running?.worker.postMessage(told)
    },
  }
}

function isSaying(message: unknown): message is Saying {
  return typeof message === 'object' && message !== null && 'said' in message
}
