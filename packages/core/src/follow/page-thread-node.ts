import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { LRUCache } from 'lru-cache'
import { createIdleThread, type IdleThread } from '../crypto/idle-thread.ts'
import type { KeyFinder } from '../keys/index.ts'
import type {
  ExamineOnThread,
  KeyName,
  KeyQuestion,
  KnownKey,
  PageTask,
  ThreadMessage,
  ToldKey,
} from './page-thread.ts'

const EXAMINER = examinerBeside(import.meta.url)

/**
 * A few pages of up to 8 MiB are all that it ever holds. Twice as large a young generation would save some hundredths of
 * the time, and cost 20 to 30 MB.
 */
const LIMITS = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 192 }

/** The keys that were asked for last, by their servers: the next page of a server takes the same. */
const asked = new LRUCache<string, KeyName>({ max: 100 })

/** A page, with where to tell of it, and the keys that it is likely to need. */
export type PortedTask = PageTask & { readonly port: MessagePort; readonly known: readonly KnownKey[] }

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

async function examine(
  examiner: IdleThread<PortedTask, undefined>,
  task: PageTask,
  find: KeyFinder['find'],
): ReturnType<ExamineOnThread> {
  const known = await keysOfLastPage(task.held.serverName, find)
  const { port1, port2 } = new MessageChannel()
  const finding = hear(port1, find)
  // Where it never got to a thread, nobody else closes it.
  void examiner.ask({ ...task, known, port: port2 }, [port2]).then(() => port2.close())
  return finding
}

/**
 * Hears what a thread says of a page. It knows nothing of the page: the young generation does not let go of a port that
 * somebody listens to, and whatever such a port leads to stays until all of the memory is gone through.
 */
function hear(port: MessagePort, find: KeyFinder['find']): ReturnType<ExamineOnThread> {
  return new Promise((resolve) => {
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
      port.removeAllListeners()
    })
  })
}

/** What is to be told of them now; of none where that cannot be found out. */
async function keysOfLastPage(serverName: string, find: KeyFinder['find']): Promise<KnownKey[]> {
  const name = asked.get(serverName)
  try {
    return name ? [{ ...name, told: await toldKey(name, find) }] : []
  } catch {
    return []
  }
}

async function toldKey({ serverName, keyId, madeTs }: KeyName, find: KeyFinder['find']): Promise<ToldKey> {
  const found = await find(serverName, keyId, madeTs)
  return 'key' in found ? { key: found.key.bytes, evidence: found.evidence } : found
}

async function answer({ number, ...name }: KeyQuestion, find: KeyFinder['find'], port: MessagePort): Promise<void> {
  try {
    const told = await toldKey(name, find)
    asked.set(name.serverName, name)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    port.postMessage({ number, told })
  } catch {
    // What cannot be found out now is found out, or fails, where the page is examined in the end.
    port.close()
  }
}
