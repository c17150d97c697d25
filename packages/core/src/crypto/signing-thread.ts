import { type KeyObject, sign } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { concatBytes } from '../bytes.ts'

/** An Ed25519 signature (RFC 8032 section 5.1.6). */
const SIGNATURE_BYTES = 64

/** Fewer signatures, some milliseconds of work, are made where they are asked for. */
const MIN_BATCH = 32

/** A thread that nobody needs ends after so long; starting one takes some 30 ms. */
const IDLE_MS = 1000

/** A few batches are all that it ever holds. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 }

/** What the thread runs. As text, so that no bundler has to know of another file. */
const THREAD_SOURCE = `
const { sign } = require('node:crypto')
const { parentPort } = require('node:worker_threads')
parentPort.on('message', ({ job, key, bytes, lengths }) => {
  let from = 0
  const signatures = lengths.map((length) => sign(null, bytes.subarray(from, (from += length)), key))
  parentPort.postMessage({ job, signatures: Buffer.concat(signatures) })
})`

/** Messages that are signed together, and who waits for them. */
interface Batch {
  readonly key: KeyObject
  readonly waiting: { readonly message: Uint8Array; readonly resolve: (signature: Uint8Array) => void }[]
}

let thread: Worker | undefined
let lastJob = 0
let idle: NodeJS.Timeout | undefined
const underWay = new Map<number, Batch>()

/**
 * Makes a function that signs on a thread of its own: a site that publishes a whole catalog signs while it reads and
 * stores. libuv's pool would do the same, but to hand it a message takes a fifth of the time of signing it, and its
 * threads would crowd out the one that answers requests.
 *
 * What is asked for in one turn of the event loop is one batch; a small one is signed at once.
 */
export function signerInBackground(key: KeyObject): (message: Uint8Array) => Promise<Uint8Array> {
  let collecting: Batch | undefined

  function collect(): Batch {
    const batch: Batch = { key, waiting: [] }
    queueMicrotask(() => {
      collecting = undefined
      if (batch.waiting.length < MIN_BATCH) signHere(batch)
      else signThere(batch)
    })
    return batch
  }

  return (message) =>
    new Promise((resolve) => {
      collecting ??= collect()
      collecting.waiting.push({ message, resolve })
    })
}

function signHere({ key, waiting }: Batch): void {
  for (const { message, resolve } of waiting) resolve(new Uint8Array(sign(null, message, key)))
}

function signThere(batch: Batch): void {
  const messages = batch.waiting.map(({ message }) => message)
  const bytes = concatBytes(messages)
  try {
    const worker = runningThread()
    const job = (lastJob += 1)
    const lengths = messages.map(({ byteLength }) => byteLength)
    worker.postMessage({ job, key: batch.key, bytes, lengths }, [bytes.buffer as ArrayBuffer])
    underWay.set(job, batch)
    // Whoever waits for signatures keeps the process alive; a thread without work does not.
    worker.ref()
  } catch {
    // Threads may be forbidden (Node's permission model), or there may be no room for another one.
    signHere(batch)
  }
}

function runningThread(): Worker {
  clearTimeout(idle)
  if (thread) return thread
  // Without the process's own arguments and environment: loaders and hooks of the site are not for this thread.
  const worker = new Worker(THREAD_SOURCE, { eval: true, execArgv: [], env: {}, resourceLimits: THREAD_LIMITS })
  worker.on('message', deliver)
  worker.on('error', () => undefined)
  worker.on('exit', () => {
    if (thread === worker) thread = undefined
    signWhatIsLeft()
  })
  thread = worker
  return worker
}

function deliver({ job, signatures }: { job: number; signatures: Uint8Array }): void {
  const batch = underWay.get(job)
  underWay.delete(job)
  batch?.waiting.forEach(({ resolve }, index) => {
    resolve(signatures.slice(index * SIGNATURE_BYTES, (index + 1) * SIGNATURE_BYTES))
  })
  if (underWay.size > 0) return
  thread?.unref()
  idle = setTimeout(() => void thread?.terminate(), IDLE_MS)
  idle.unref()
}

/** A thread that ended in the middle of its work leaves none of it undone. */
function signWhatIsLeft(): void {
  const left = [...underWay.values()]
  underWay.clear()
  left.forEach(signHere)
}
