import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { createIdleThread, type IdleThread } from '../crypto/idle-thread.ts'
import type { KeyFinder } from '../keys/index.ts'
import type { ExamineOnThread, KeyQuestion, PageTask, ThreadMessage, ToldKey } from './page-thread.ts'

const EXAMINER = examinerBeside(import.meta.url)

/**
 * A few pages of up to 8 MiB are all that it ever holds. Twice as large a young generation saves hardly any time; a third
 * of it costs a tenth more, for what belongs to a page outlives more collections.
 */
const LIMITS = { maxYoungGenerationSizeMb: 48, maxOldGenerationSizeMb: 192 }

/** A page, with where to tell of it. */
export type PortedTask = PageTask & { readonly port: MessagePort }

const thread = EXAMINER && createIdleThread<PortedTask, undefined>(EXAMINER, LIMITS)

/** Whether the thread ever said something. Its file may be missing: then it is not tried again. */
let runs: boolean | undefined

/** See {@link ExamineOnThread}. */
export const examineOnThread: ExamineOnThread = async (task, find) =>
  thread === undefined || runs === false ? undefined : examine(thread, task, find)

/**
 * What the thread runs: beside this file, under the same extension, for sources import sources.
 *
 * @param own - where this file is. Undefined in some bundles.
 * @returns undefined inside a bundle, which is not for a thread to run: it would start the site a second time.
 */
export function examinerBeside(own: string | undefined): URL | undefined {
  const beside = own?.replace(/\/page-thread-node(\.\w+)$/, '/page-examiner$1')
  return beside === undefined || beside === own ? undefined : new URL(beside)
}

function examine(
  examiner: IdleThread<PortedTask, undefined>,
  task: PageTask,
  find: KeyFinder['find'],
): ReturnType<ExamineOnThread> {
  return new Promise((resolve) => {
    const { port1: port, port2 } = new MessageChannel()
    let tell = (_areGood: boolean): void => {}
    const areGood = new Promise<boolean>((told) => (tell = told))
    port.on('message', (message: ThreadMessage) => {
      runs = true
      if ('question' in message) void answer(message.question, find, port)
      else if ('areGood' in message) tell(message.areGood)
      else resolve(message.finding && { ...message.finding, areGood })
    })
    port.on('close', () => {
      runs ??= false
      tell(false)
      resolve(undefined)
    })
    // Where it never got to a thread, nobody else closes it.
    void examiner.ask({ ...task, port: port2 }, [port2]).then(() => port2.close())
  })
}

async function answer(
  { number, serverName, keyId, madeTs }: KeyQuestion,
  find: KeyFinder['find'],
  port: MessagePort,
): Promise<void> {
  try {
    const found = await find(serverName, keyId, madeTs)
    const told: ToldKey = 'key' in found ? { key: found.key.bytes, evidence: found.evidence } : found
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    port.postMessage({ number, told })
  } catch {
    // What cannot be found out now is found out, or fails, where the page is examined in the end.
    port.close()
  }
}
