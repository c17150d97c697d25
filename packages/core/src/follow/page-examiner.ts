/** What runs on the thread of `page-thread-node.ts`. */
import { parentPort } from 'node:worker_threads'
import type { Saying } from '../crypto/idle-thread.ts'
import { importPublicKey } from '../crypto/index.ts'
import type { KeyAnswer, KeyFinder } from '../keys/index.ts'
import { parsePage } from '../log/index.ts'
import type { TakeMemory } from '../spare-memory.ts'
import { createVerifier, type VerifyingTogether } from '../verify/index.ts'
import { examine } from './examine-page.ts'
import { EntryPacker, type PackedEntries } from './packed-entries.ts'
import { type BorrowedMemory, PageMemory } from './page-memory.ts'
import type { NumberedTask } from './page-thread-node.ts'
import type { KeyMessage, KnownKey, ThreadFinding, ThreadMessage, ToldKey } from './page-thread.ts'

/** Who waits for keys, by the numbers of the questions. */
const waiting = new Map<number, (told: ToldKey | undefined) => void>()

/** Questions that were ever asked. */
let questions = 0

/** For what is needed besides the page itself: two pieces for each of the pages that are verified at a time, three at most. */
const memory = new PageMemory(6)

parentPort?.on('message', (message: NumberedTask | KeyMessage) => {
  if ('told' in message) {
    waiting.get(message.number)?.(message.told)
    waiting.delete(message.number)
  } else {
    const borrowed = memory.borrow()
    void endTask(message.number, beginTask(message, borrowed.take), borrowed)
  }
})

/** Knows nothing but the task's number, so that the page does not stay in memory until its signatures are checked. */
async function endTask(
  task: number,
  beginning: ReturnType<typeof beginTask>,
  { giveBack }: BorrowedMemory,
): Promise<void> {
  const begun = await beginning
  if (begun) say({ task, areGood: await begun.areGood })
  giveBack()
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(task)
}

/** Tells of the page, and gives it back. */
async function beginTask(
  task: NumberedTask,
  take: TakeMemory,
): Promise<{ readonly areGood: Promise<boolean> } | undefined> {
  const { number, bytes, isLent } = task
  const found = await examineTask(task, take).catch(() => undefined)
  // The rest of the signatures is looked for in the page, which is gone after that.
  const areGood = found?.verifying.areAuthentic()
  const moving = [...(isLent ? [bytes] : []), ...(found ? columnsOf(found.finding.entries) : [])]
  say({ task: number, finding: found?.finding, lent: isLent ? bytes : undefined }, moving)
  return areGood && { areGood }
}

/** What was found of a page, and the signatures of its objects. */
interface Examined {
  readonly finding: Omit<ThreadFinding, 'areGood'>
  readonly verifying: VerifyingTogether
}

async function examineTask(task: NumberedTask, take: TakeMemory): Promise<Examined | undefined> {
  const { number, bytes, held, isRelayed, names, groupKeys, nowTs, known } = task
  const finder = askingFinder(number, known)
  const environment = { now: () => nowTs }
  const groups = new Map(Array.from(groupKeys, ([group, key]) => [group, importPublicKey(key)]))
  const verifying = createVerifier({ finder, groupKeys: groups, names, environment }).together()
  const page = { page: parsePage(bytes, take), held, isRelayed }
  const packer = new EntryPacker(bytes, take)
  const found = await examine(page, { finder, environment }, (entry, object) => {
    packer.add(entry)
    if (object) verifying.add(object.signed)
  })
  const entries = packer.packed()
  return found.verified && entries ? { finding: { summary: found.summary, entries }, verifying } : undefined
}

function columnsOf({ numbers, texts, hashes }: PackedEntries): OwnMemory[] {
  return [numbers, texts, hashes]
}

/** Numbers or bytes that have a piece of memory for themselves. */
type OwnMemory = Pick<Uint8Array, 'buffer'>

/** @param moving - goes to the other thread. */
function say(said: ThreadMessage, moving: readonly OwnMemory[] = []): void {
  const saying: Saying<ThreadMessage> = { said }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(
    saying,
    moving.map(({ buffer }) => buffer as ArrayBuffer),
  )
}

/**
 * Asks the other thread for keys. One that was valid at some time was so at all times before (PROTOCOL section 5.1): what
 * is told for the head, which is signed last, answers for all objects.
 */
function askingFinder(task: number, toldBefore: readonly KnownKey[]): Pick<KeyFinder, 'find'> {
  const known = new Map<string, { readonly answer: KeyAnswer; readonly untilTs: number }>()

  function remember({ serverName, keyId, madeTs, told }: KnownKey): KeyAnswer {
    if (!('key' in told)) return told
    const answer = { key: importPublicKey(told.key), evidence: told.evidence }
    known.set(`${keyId} ${serverName}`, { answer, untilTs: madeTs })
    return answer
  }

  toldBefore.forEach(remember)
  return {
    find(serverName, keyId, madeTs) {
      const last = known.get(`${keyId} ${serverName}`)
      if (last && madeTs <= last.untilTs) return last.answer
      const number = questions++
      const answered = new Promise<ToldKey | undefined>((resolve) => waiting.set(number, resolve))
      say({ task, question: { number, serverName, keyId, madeTs } })
      return answered.then((told) => {
        if (told) return remember({ serverName, keyId, madeTs, told })
        throw new Error('The key cannot be looked up now.')
      })
    },
  }
}
