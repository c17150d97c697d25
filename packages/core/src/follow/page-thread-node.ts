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
  ThreadFinding,
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

/**
 * The longest page that moves to the thread and back: longer ones are seldom, and are copied, because a thread that has no
 * memory left ends with what was lent to it.
 */
const MAX_LENT_BYTES = 1024 * 1024

/** A page, what it is compared with, where to tell of it, and the keys that it is likely to need. */
export interface PortedTask extends PageTask {
  readonly bytes: Uint8Array
  /** Whether the page is wanted back. */
  readonly isLent: boolean
  readonly port: MessagePort
  readonly known: readonly KnownKey[]
}

const thread = EXAMINER && createIdleThread<PortedTask, undefined>(EXAMINER, LIMITS)

/** Whether the thread ever said something. Its file may be missing: then it is not tried again. */
let runs: boolean | undefined

/** See {@link ExamineOnThread}. */
export const examineOnThread: ExamineOnThread = async (page, task, find) => {
  const { bytes } = page
  if (!bytes || !thread || runs === false) return undefined
  const isLent = isLendable(bytes)
  const known = await keysOfLastPage(task.held.serverName, find)
  const { port1, port2 } = new MessageChannel()
  if (isLent) page.bytes = undefined
  const hearing = hear(port1, find)
  ask(thread, { ...task, bytes, isLent, known, port: port2 })
  const { finding, lent } = await hearing
  // What never moved is still here.
  if (isLent) page.bytes = lent ?? (bytes.length > 0 ? bytes : undefined)
  return finding
}

/** Not before a thread was seen to run: it could not give anything back. Nothing else may be in the memory that moves. */
function isLendable({ length, buffer }: Uint8Array): boolean {
  return runs === true && length <= MAX_LENT_BYTES && length === buffer.byteLength && buffer instanceof ArrayBuffer
}

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

function ask(examiner: IdleThread<PortedTask, undefined>, task: PortedTask): void {
  const { port, isLent, bytes } = task
  // Where it never got to a thread, nobody else closes it.
  void examiner.ask(task, isLent ? [port, bytes.buffer as ArrayBuffer] : [port]).then(() => port.close())
}

/** What was heard of a page. */
interface Heard {
  readonly finding: ThreadFinding | undefined
  /** The page, if it was lent. */
  readonly lent: Uint8Array | undefined
}

/**
 * Hears what a thread says of a page. It knows nothing of the page: the young generation does not let go of a port that
 * somebody listens to, and whatever such a port leads to stays until all of the memory is gone through.
 */
function hear(port: MessagePort, find: KeyFinder['find']): Promise<Heard> {
  return new Promise((resolve) => {
    let tell = (_areGood: boolean): void => {}
    const areGood = new Promise<boolean>((told) => (tell = told))
    port.on('message', (message: ThreadMessage) => {
      runs = true
      if ('question' in message) void answer(message.question, find, port)
      else if ('areGood' in message) tell(message.areGood)
      else resolve({ finding: message.finding && { ...message.finding, areGood }, lent: message.lent })
    })
    port.on('close', () => {
      runs ??= false
      tell(false)
      resolve({ finding: undefined, lent: undefined })
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
