import { createPublicKey, verify } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import type { RawShare } from './raw-verifying.ts'

/** What stands before the 32 bytes of a public key in its SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

const { publicKey, signatures } = workerData as RawShare
const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })

function verifyShare(): void {
  for (const { message, signature } of signatures) {
    if (!verify(null, message, key, signature)) throw new Error('A signature is not good.')
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort!.postMessage('done')
}

parentPort!.on('message', verifyShare)
verifyShare()
