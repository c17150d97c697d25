import { LRUCache } from 'lru-cache'
import { createIdleThread } from '../crypto/idle-thread.ts'
import type { KeyFinder } from '../keys/index.ts'
import type {
  ExamineOnThread,
  KeyMessage,
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
 * A few pages of up to 8 MiB are all that it ever holds. A third of the young generation is one half of what the engine
 * copies between, rounded to a power of two: with 16 in place of 12 it takes 8 MB more and saves less than a hundredth of the
 * time.
 *
 * The old generation never gets near its limit, but the engine computes from it when it collects for the first time. With
 * 192 that was during the first page, of which everything seemed to live long, so that in half of the starts all that is
 * made for an entry got into the old generation from then on: a twentieth of the time.
 */
const LIMITS = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 1024 }

/** The keys that were asked for last, by their servers: the next page of a server takes the same. */
const asked = new LRUCache<string, KeyName>({ max: 100 })

/**
 * The longest page that moves to the thread and back: longer ones are seldom, and are copied, because a thread that has no
 * memory left ends with what was lent to it.
 */
const MAX_LENT_BYTES = 1024 * 1024

/** A page, what it is compared with, and the keys that it is likely to need. */
export interface NumberedTask extends PageTask {
  readonly number: number
  readonly bytes: Uint8Array
  /** Whether the page is wanted back. */
  readonly isLent: boolean
  readonly known: readonly KnownKey[]
}

/** Hears what the thread says of a page. */
interface Hearer {
  /** Of its task. */
  readonly number: number
  /** Undefined when it says no more. */
  readonly hear: (message: ThreadMessage | undefined) => void
}

/**
 * Of the few pages that the thread has. No map: one that is added to and taken from again and again makes itself anew, and
 * what it was before leads to all that came after, so that no page would leave the young generation.
 */
let hearers: readonly Hearer[] = []

/** Answers with the number of the task that it is done with. */
const thread = EXAMINER && createIdleThread<NumberedTask, number, KeyMessage>(EXAMINER, LIMITS, heard)

function heard(said: unknown): void {
  const message = said as ThreadMessage
  hearers.find(({ number }) => number === message.task)?.hear(message)
}

/** Tasks that were ever begun. */
let tasks = 0

/** Whether the thread ever said something. Its file may be missing: then it is not tried again. */
let runs: boolean | undefined

/** See {@link ExamineOnThread}. */
export const examineOnThread: ExamineOnThread = async (page, task, find) => {
  const { bytes } = page
  if (!bytes || !thread || runs === false) return undefined
  const isLent = isLendable(bytes)
  const known = await keysOfLastPage(task.held.serverName, find)
  const number = tasks++
  const hearing = hear(number, find)
  if (isLent) page.bytes = undefined
  void ask({ ...task, number, bytes, isLent, known })
  const { finding, lent } = await hearing
  // What never moved is still here.
  if (isLent) page.bytes = lent ?? (bytes.length > 0 ? bytes : undefined)
  return finding
}

/** Not before a thread was seen to run: it could not give anything back. */
function isLendable({ buffer }: Uint8Array): boolean {
  return runs === true && buffer instanceof ArrayBuffer && buffer.byteLength <= MAX_LENT_BYTES
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

/** Whichever task it is done with; where there is no thread any more, it is done with all. */
async function ask(task: NumberedTask): Promise<void> {
  const done = await thread?.ask(task, task.isLent ? [task.bytes.buffer as ArrayBuffer] : [])
  const isDone = ({ number }: Hearer): boolean => done === undefined || number === done
  const over = hearers.filter(isDone)
  hearers = hearers.filter((hearer) => !isDone(hearer))
  for (const { hear: end } of over) end(undefined)
}

/** What was heard of a page. */
interface Heard {
  readonly finding: ThreadFinding | undefined
  /** The page, if it was lent. */
  readonly lent: Uint8Array | undefined
}

function hear(number: number, find: KeyFinder['find']): Promise<Heard> {
  return new Promise((resolve) => {
    let tell = (_areGood: boolean): void => {}
    const areGood = new Promise<boolean>((told) => (tell = told))
    const hearer: Hearer['hear'] = (message) => {
      runs ??= message !== undefined
      if (message === undefined) {
        tell(false)
        resolve({ finding: undefined, lent: undefined })
      } else if ('question' in message) void answer(message.question, find)
      else if ('areGood' in message) tell(message.areGood)
      else resolve({ finding: message.finding && { ...message.finding, areGood }, lent: message.lent })
    }
    hearers = [...hearers, { number, hear: hearer }]
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

async function answer({ number, ...name }: KeyQuestion, find: KeyFinder['find']): Promise<void> {
  // What cannot be found out now is found out, or fails, where the page is examined in the end.
  const told = await toldKey(name, find).catch(() => undefined)
  if (told) asked.set(name.serverName, name)
  thread?.tell({ number, told })
}
