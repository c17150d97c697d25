/** What runs on the thread of `page-thread-node.ts`. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { importPublicKey } from '../crypto/index.ts'
import type { KeyAnswer, KeyFinder } from '../keys/index.ts'
import { parsePage } from '../log/index.ts'
import { createVerifier, type VerifyingTogether } from '../verify/index.ts'
import { examine } from './examine-page.ts'
import { EntryPacker, type PackedEntries } from './packed-entries.ts'
import type { PortedTask } from './page-thread-node.ts'
import type { KeyMessage, KnownKey, ThreadFinding, ThreadMessage, ToldKey } from './page-thread.ts'

parentPort?.on('message', (task: PortedTask) => {
  void endTask(task.port, beginTask(task))
})

/** Knows nothing but the port, so that the page does not stay in memory until its signatures are checked. */
async function endTask(port: MessagePort, beginning: ReturnType<typeof beginTask>): Promise<void> {
  const begun = await beginning
  if (begun) tell(port, { areGood: await begun.areGood })
  port.close()
  // While somebody listens to it, the young generation does not let go of it.
  port.removeAllListeners()
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(undefined)
}

/** Tells of the page, and gives it back. */
async function beginTask(task: PortedTask): Promise<{ readonly areGood: Promise<boolean> } | undefined> {
  const { port, bytes, isLent } = task
  const found = await examineTask(task).catch(() => undefined)
  // The rest of the signatures is looked for in the page, which is gone after that.
  const areGood = found?.verifying.areAuthentic()
  const moving = [...(isLent ? [bytes] : []), ...(found ? columnsOf(found.finding.entries) : [])]
  tell(port, { finding: found?.finding, lent: isLent ? bytes : undefined }, moving)
  return areGood && { areGood }
}

/** What was found of a page, and the signatures of its objects. */
interface Examined {
  readonly finding: Omit<ThreadFinding, 'areGood'>
  readonly verifying: VerifyingTogether
}

async function examineTask(task: PortedTask): Promise<Examined | undefined> {
  const { port, bytes, held, isRelayed, names, groupKeys, nowTs, known } = task
  const finder = askingFinder(port, known)
  const environment = { now: () => nowTs }
  const groups = new Map(Array.from(groupKeys, ([group, key]) => [group, importPublicKey(key)]))
  const verifying = createVerifier({ finder, groupKeys: groups, names, environment }).together()
  const packer = new EntryPacker(bytes)
  const page = { page: parsePage(bytes), held, isRelayed }
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
function tell(port: MessagePort, message: ThreadMessage, moving: readonly OwnMemory[] = []): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  port.postMessage(
    message,
    moving.map(({ buffer }) => buffer as ArrayBuffer),
  )
}

/**
 * Asks the other thread for keys. One that was valid at some time was so at all times before (PROTOCOL section 5.1): what
 * is told for the head, which is signed last, answers for all objects.
 */
function askingFinder(port: MessagePort, toldBefore: readonly KnownKey[]): Pick<KeyFinder, 'find'> {
  const waiting = new Map<number, (told: ToldKey) => void>()
  const known = new Map<string, { readonly answer: KeyAnswer; readonly untilTs: number }>()
  let asked = 0

  function remember({ serverName, keyId, madeTs, told }: KnownKey): KeyAnswer {
    if (!('key' in told)) return told
    const answer = { key: importPublicKey(told.key), evidence: told.evidence }
    known.set(`${keyId} ${serverName}`, { answer, untilTs: madeTs })
    return answer
  }

  toldBefore.forEach(remember)
  // Where nobody answers any more, the page is not seen to be true.
  const closed = new Promise<never>((_resolve, reject) => port.on('close', () => reject(new Error('Nobody answers.'))))
  closed.catch(() => undefined)
  port.on('message', (answered: KeyMessage) => waiting.get(answered.number)?.(answered.told))
  return {
    find(serverName, keyId, madeTs) {
      const last = known.get(`${keyId} ${serverName}`)
      if (last && madeTs <= last.untilTs) return last.answer
      const number = asked++
      const answered = new Promise<ToldKey>((resolve) => waiting.set(number, resolve))
      tell(port, { question: { number, serverName, keyId, madeTs } })
      return Promise.race([answered, closed]).then((told) => remember({ serverName, keyId, madeTs, told }))
    },
  }
}
