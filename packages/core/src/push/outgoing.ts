import { LRUCache } from 'lru-cache'
import { sha256 } from '../crypto/index.ts'
import { encodeBase64 } from '../json/index.ts'
import { encodeLogPage, type LogReader } from '../log/index.ts'
import { singleFlight } from '../single-flight.ts'

/** The most that one transaction brings (PROTOCOL section 10). */
const MAX_ENTRIES = 50
export const MAX_TRANSACTION_BYTES: number = 4 * 1024 * 1024

/** Encoded transactions that are kept for followers at the same position. */
const MAX_KEPT_BYTES = 4 * MAX_TRANSACTION_BYTES

/** A part of this server's log on its way to followers. */
export interface Transaction {
  /** The SHA-256 of the body as unpadded base64url: the same content always has the same id. */
  readonly id: string
  readonly body: Uint8Array
  readonly digest: Uint8Array
  /** The first entry, and the one after the last. */
  readonly start: number
  readonly end: number
  /** The entries of the log that its head covers. */
  readonly logSize: number
}

/** Makes transactions of this server's own log. */
export interface Outgoing {
  /**
   * The transaction for followers that hold `start` entries, made once for all of them.
   *
   * @param logSize - what the log has at least: a head that a follower may have passed already is not sent.
   * @param maxBytes - of the body, at most {@link MAX_TRANSACTION_BYTES}; one entry is sent however large it is.
   */
  from(start: number, logSize: number, maxBytes: number): Promise<Transaction>
}

/** Builds them from a log. */
export function createOutgoing(serverName: string, logReader: LogReader): Outgoing {
  const kept = new LRUCache<string, Transaction>({
    maxSize: MAX_KEPT_BYTES,
    sizeCalculation: ({ body }) => body.byteLength,
  })
  const once = singleFlight<Transaction>()

  async function make(key: string, since: number, maxBytes: number): Promise<Transaction> {
    const page = await logReader.page(serverName, { since, limit: MAX_ENTRIES, maxBytes })
    const body = encodeLogPage(page, serverName)
    const digest = sha256(body)
    const id = encodeBase64(digest).replaceAll('+', '-').replaceAll('/', '_')
    const end = since + page.entries.length
    const transaction = { id, body, digest, start: since, end, logSize: page.head.size }
    kept.set(key, transaction)
    return transaction
  }

  return {
    async from(start, logSize, maxBytes) {
      const key = `${start} ${maxBytes}`
      const ready = kept.get(key)
      return ready && ready.logSize >= logSize ? ready : once(`${key} ${logSize}`, () => make(key, start, maxBytes))
    },
  }
}
