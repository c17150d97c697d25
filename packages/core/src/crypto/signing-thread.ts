import type { KeyObject } from 'node:crypto'
import type { FinishSigning, SignedText, SigningJob } from './backend.ts'
import { createIdleThread } from './idle-thread.ts'

/** Fewer texts, some milliseconds of work, are signed where they are asked for. */
const MIN_TEXTS = 32

/** SHA-256's length. */
const HASH_BYTES = 32

/**
 * What the thread runs. As text, so that no bundler has to know of another file. It writes all signed texts of a job,
 * each with its hash behind it, into one buffer that is made once: what comes to life here for each text is little.
 */
const THREAD_SOURCE = `
const { hash, sign } = require('node:crypto')
const { parentPort } = require('node:worker_threads')
const SIGNATURE_CHARACTERS = 86

parentPort.on('message', ({ unclaimed, keys, openings, closing, texts, ending }) => {
  const end = Buffer.from(ending)
  const between = Buffer.byteLength(openings.join('') + closing) + keys.length * SIGNATURE_CHARACTERS
  const lengths = texts.map((text) => Buffer.byteLength(text) + between + end.length)
  const out = Buffer.from(new ArrayBuffer(lengths.reduce((sum, length) => sum + length + ${HASH_BYTES}, 0)))
  let start = 0
  let signed = 0
  for (; Atomics.sub(unclaimed, 0, 1) > 0; signed += 1) {
    let at = start + out.write(texts[signed], start)
    end.copy(out, at)
    const message = out.subarray(start, at + end.length)
    const signatures = keys.map((key) => sign(null, message, key).toString('base64').slice(0, SIGNATURE_CHARACTERS))
    at += out.write(signatures.map((signature, key) => openings[key] + signature).join('') + closing, at)
    at += end.copy(out, at)
    start = at + hash('sha256', out.subarray(start, at), 'buffer').copy(out, at)
  }
  parentPort.postMessage({ lengths: lengths.slice(0, signed), bytes: out }, [out.buffer])
})`

/** What the thread is given: the job, its signers' keys, and how many of its texts nobody has begun with. */
interface Task extends Omit<SigningJob, 'signers' | 'signHere'> {
  readonly unclaimed: Int32Array
  readonly keys: readonly KeyObject[]
  readonly openings: readonly string[]
}

/** What it answers. */
interface Answer {
  readonly lengths: readonly number[]
  /** Each signed text, and its hash. */
  readonly bytes: Uint8Array
}

const thread = createIdleThread<Task, Answer>(THREAD_SOURCE)

/**
 * Signs texts on a thread of its own: a site that publishes a whole catalog signs while it reads and stores. libuv's
 * pool would do the same, but to hand it a message takes a fifth of the time of signing it, and its threads would
 * crowd out the one that answers requests.
 *
 * The thread signs from the first text on; whoever waits for it signs from the last one on, until they meet.
 *
 * @param keys - of the job's signers, in their order.
 */
export function signOnThread({ signers, signHere, ...job }: SigningJob, keys: readonly KeyObject[]): FinishSigning {
  const { texts } = job
  const unclaimed = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)).fill(texts.length)
  const openings = signers.map(({ opening }) => opening)
  const begun = texts.length < MIN_TEXTS ? undefined : thread.ask({ unclaimed, keys, openings, ...job })
  return async () => {
    const signed: SignedText[] = []
    while (Atomics.sub(unclaimed, 0, 1) > 0) signed.push(signHere(texts[texts.length - 1 - signed.length]!))
    const answer = await begun
    const first = answer ? signedTexts(answer) : []
    // What a thread had claimed that ended in the middle of its work.
    const left = texts.slice(first.length, texts.length - signed.length)
    return [...first, ...left.map(signHere), ...signed.toReversed()]
  }
}

function signedTexts({ lengths, bytes }: Answer): SignedText[] {
  let start = 0
  return lengths.map((length) => {
    const end = start + length
    const text = { bytes: bytes.subarray(start, end), sha256: bytes.subarray(end, end + HASH_BYTES) }
    start = end + HASH_BYTES
    return text
  })
}
