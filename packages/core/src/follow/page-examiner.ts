/** What runs on the thread of `page-thread-node.ts`. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { importPublicKey } from '../crypto/index.ts'
import type { KeyAnswer, KeyFinder } from '../keys/index.ts'
import { parsePage } from '../log/index.ts'
import { createVerifier } from '../verify/index.ts'
import { examine } from './examine-page.ts'
import { EntryPacker } from './packed-entries.ts'
import type { PortedTask } from './page-thread-node.ts'
import type { KeyMessage, KnownKey, ThreadMessage, ToldKey } from './page-thread.ts'

parentPort?.on('message', (task: PortedTask) => {
  void endTask(task.port, beginTask(task))
})

/** Knows nothing but the port, so that the page does not stay in memory until its signatures are checked. */
async function endTask(port: MessagePort, beginning: ReturnType<typeof beginTask>): Promise<void> {
  const begun = await beginning.catch(() => undefined)
  tell(port, begun ? { areGood: await begun.areGood } : { finding: undefined })
  port.close()
  // While somebody listens to it, the young generation does not let go of it.
  port.removeAllListeners()
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(undefined)
}

/** Tells of the page, while its signatures are checked. */
async function beginTask(task: PortedTask): Promise<{ areGood: Promise<boolean> } | undefined> {
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
  if (!found.verified || !entries) return undefined
  tell(port, { finding: { summary: found.summary, entries } }, [
    entries.numbers.buffer,
    entries.texts.buffer,
    entries.hashes.buffer,
  ])
  return { areGood: verifying.areAuthentic() }
}

function tell(port: MessagePort, message: ThreadMessage, transfer: readonly ArrayBufferLike[] = []): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  port.postMessage(message, transfer as ArrayBuffer[])
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
