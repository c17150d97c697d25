import { type KeyObject, verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { SpareMemory } from '../spare-memory.ts'
import { createIdleThread } from './idle-thread.ts'

/** To wake a thread for a share of fewer, a millisecond of work, is not worth it. */
const MIN_CHECKS_A_THREAD = 8

/** Signatures that are checked here, a millisecond of work, before other work of this thread has its turn. */
const CHECKS_A_TURN = 8

/** An Ed25519 signature (RFC 8032, section 5.1.6). */
const SIGNATURE_BYTES = 64

/** What stands for a signature once somebody has looked at it; 0 before that. */
const GOOD = 1
const BAD = 2

/** A signature to check, with its key as Node holds it. */
export interface KeyedCheck {
  readonly key: KeyObject
  readonly message: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** What a thread is given: all of it, of which it checks what nobody else has taken. */
interface SharedChecks {
  /** Each signature with its message behind it. */
  readonly bytes: Uint8Array<SharedArrayBuffer>
  /** Where each message ends. */
  readonly ends: readonly number[]
  readonly keys: readonly KeyObject[]
  /** Which of the keys each signature is by. */
  readonly keyIndexes: readonly number[]
  /** The first that nobody has taken. */
  readonly next: Int32Array
  readonly verdicts: Uint8Array
}

const THREAD_SOURCE = `
const { verify } = require('node:crypto')
const { parentPort } = require('node:worker_threads')

parentPort.on('message', ({ bytes, ends, keys, keyIndexes, next, verdicts }) => {
  for (let index; (index = Atomics.add(next, 0, 1)) < ends.length; ) {
    const start = index === 0 ? 0 : ends[index - 1]
    const signature = bytes.subarray(start, start + ${SIGNATURE_BYTES})
    const message = bytes.subarray(start + ${SIGNATURE_BYTES}, ends[index])
    verdicts[index] = verify(null, message, keys[keyIndexes[index]], signature) ? ${GOOD} : ${BAD}
  }
  parentPort.postMessage(undefined)
})`

/** One for each core but the one that asks. */
const threads = Array.from({ length: availableParallelism() - 1 }, () =>
  createIdleThread<SharedChecks, undefined>(THREAD_SOURCE),
)

/** As much as two pages of a log need, in groups. Longer memory is given up: signatures over very long texts are seldom. */
const KEPT = { maxPieces: 8, maxBytes: 256 * 1024 }

/** Shared memory that nobody uses just now. */
const spare = new SpareMemory({ ...KEPT, make: (bytes) => new SharedArrayBuffer(bytes) })

/** When this thread has nothing left to take of what was asked before. */
let ownShare: Promise<void> = Promise.resolve()

/**
 * Checks signatures on all cores, this thread's among them, which is free again after every few of them. Each takes the
 * next one from memory that they share, so that all are done at the same time. (libuv's pool would do it too, but to
 * hand it one signature takes a fifth of the time of checking it.)
 *
 * @param checks - are copied, so that nothing of them stays in memory until all is done.
 * @returns whether each holds, in their order.
 */
export function verifyOnThreads(checks: readonly KeyedCheck[]): Promise<boolean[]> {
  return shareOut(sharedChecks(checks), threads.slice(0, Math.floor(checks.length / MIN_CHECKS_A_THREAD)))
}

async function shareOut(shared: SharedChecks, helpers: typeof threads): Promise<boolean[]> {
  const help = helpers.map((thread) => thread.ask(shared))
  // What was asked first is finished first, so that whoever asked can prepare more while the rest is checked.
  ownShare = ownShare.then(() => checkHere(shared))
  await Promise.all([ownShare, ...help])
  // A thread that ended in the middle of its work leaves none of it undone.
  const areGood = Array.from(shared.verdicts, (verdict, index) => (verdict || verdictOn(shared, index)) === GOOD)
  spare.giveBack(shared.bytes.buffer)
  return areGood
}

async function checkHere(shared: SharedChecks): Promise<void> {
  for (;;) {
    // At first too: whoever has more to ask for in this turn sets other cores to work before this one begins.
    await new Promise((resolve) => setImmediate(resolve))
    for (let count = 0; count < CHECKS_A_TURN; count++) {
      const index = Atomics.add(shared.next, 0, 1)
      if (index >= shared.ends.length) return
      shared.verdicts[index] = verdictOn(shared, index)
    }
  }
}

function verdictOn({ bytes, ends, keys, keyIndexes }: SharedChecks, index: number): number {
  const start = ends[index - 1] ?? 0
  const signature = bytes.subarray(start, start + SIGNATURE_BYTES)
  const message = bytes.subarray(start + SIGNATURE_BYTES, ends[index])
  return verify(null, message, keys[keyIndexes[index]!]!, signature) ? GOOD : BAD
}

function sharedChecks(checks: readonly KeyedCheck[]): SharedChecks {
  let end = 0
  const ends = checks.map(({ message }) => (end += SIGNATURE_BYTES + message.byteLength))
  const bytes = new Uint8Array(spare.take(end))
  for (const [index, { message, signature }] of checks.entries()) {
    const messageStart = ends[index]! - message.byteLength
    bytes.set(signature, messageStart - SIGNATURE_BYTES)
    bytes.set(message, messageStart)
  }
  const keys = [...new Set(checks.map(({ key }) => key))]
  const indexOf = new Map(keys.map((key, index) => [key, index]))
  return {
    bytes,
    ends,
    keys,
    keyIndexes: checks.map(({ key }) => indexOf.get(key)!),
    next: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
    verdicts: new Uint8Array(new SharedArrayBuffer(checks.length)),
  }
}
