import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The system's Python, for which Debian packages the two libraries. */
const PYTHON = '/usr/bin/python3'
const SCRIPT = fileURLToPath(new URL('signedjson_peer.py', import.meta.url))

/** Room for the answers to 100,000 documents. */
const MAX_ANSWER_BYTES = 2 ** 28

/** `false` when the peer can be asked; otherwise why not, in the form of tap's option `skip`. */
export function whySkipped(): string | false {
  return run('available', '').status === 0
    ? false
    : 'no python3-signedjson and python3-canonicaljson: apt-get install -y python3-signedjson python3-canonicaljson'
}

/**
 * Asks the independent implementation (see `signedjson_peer.py`).
 *
 * @param documents - JSON texts.
 * @returns its answer to each of them.
 */
export function askPeer(task: 'canonical' | 'sign' | 'verify', documents: readonly string[]): string[] {
  const { status, stdout, stderr } = run(task, documents.map((document) => `${document}\n`).join(''))
  if (status !== 0) throw new Error(`The peer could not ${task}: ${stderr}`)
  return stdout.trimEnd().split('\n')
}

/** Whether the peer finds a good signature of this entity by this key under the document. */
export function peerVerifies(order: { document: object; entity: string; key_id: string; key: string }): boolean {
  return askPeer('verify', [JSON.stringify(order)])[0] === 'good'
}

function run(task: string, input: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(PYTHON, [SCRIPT, task], { input, encoding: 'utf8', maxBuffer: MAX_ANSWER_BYTES })
}
