import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A process of its own, which answers questions one after the other. */
export interface Child {
  /** @throws when the process failed to answer; what it said stands on its standard error. */
  ask<Answer>(question: string): Promise<Answer>
  /** Stops the process where it is, until it may go on. */
  pause(): void
  goOn(): void
  /** Ends the process, when it has cleaned up. */
  stop(): Promise<void>
}

/** Where Node keeps what it made of the files of this folder: whoever finds it there needs no compiler in its memory. */
const COMPILED = fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url))

/** Starts a file of this folder with one argument, which reaches it as JSON. */
export function startChild(file: string, argument: unknown): Child {
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILED }
  const child = fork(new URL(file, import.meta.url), [JSON.stringify(argument)], { env })
  const ended = once(child, 'exit')
  return {
    async ask<Answer>(question: string) {
      const answered = once(child, 'message')
      child.send(question)
      const fate = await Promise.race([answered, ended.then(() => undefined)])
      if (fate === undefined) throw new Error(`${file} ended before it answered "${question}".`)
      return fate[0] as Answer
    },
    pause: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

/** In the process of its own: what it was started with. */
export function argumentOfChild(): unknown {
  return JSON.parse(process.argv[2]!)
}

/** In the process of its own: answers the questions of whoever started it, then cleans up and ends. */
export function answerParent(answers: Record<string, () => Promise<unknown>>, cleanUp: () => Promise<void>): void {
  const end = async (exitCode: number): Promise<never> => {
    await cleanUp()
    process.exit(exitCode)
  }
  process.on('message', (question: string) => {
    answers[question]!().then(
      (answer) => process.send!(answer ?? null),
      (error: unknown) => {
        console.error(error)
        void end(1)
      },
    )
  })
  process.once('disconnect', () => void end(0))
}
