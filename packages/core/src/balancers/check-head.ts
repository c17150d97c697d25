import { sameBytes } from '../bytes.ts'
import { parseStrict } from '../json/index.ts'
import { type LogHead, type LogReader, MAX_HEADER_BYTES, readEntry } from '../log/index.ts'
import { Shortcoming } from './ask-balancer.ts'

/** How old the newest change may be that a load balancer lacks (PROTOCOL section 7). */
export const ALLOWED_LAG_MS: number = 15 * 60 * 1000

/** One entry with its body and head. */
const MAX_ENTRY_PAGE_BYTES = 256 * 1024 + MAX_HEADER_BYTES

/** What a served head is held against. */
export interface HeadCheckOptions {
  /** This server's. */
  readonly serverName: string
  readonly logReader: LogReader
  readonly nowTs: number
}

/**
 * Checks that a head which this server signed is its newest one, or was within the allowed lag.
 *
 * @param served - of this server's log, with a good signature.
 * @throws Shortcoming `E100` or `E104`.
 */
export async function checkHead(served: LogHead, options: HeadCheckOptions): Promise<void> {
  // Read after the answer came: what was published meanwhile is no more than what is known here.
  const own = await options.logReader.head(options.serverName)
  if (!own) return
  if (served.epoch < own.epoch) throw new Shortcoming('E100', 'It serves a log that this server has given up.')
  if (served.epoch > own.epoch || served.size > own.size) {
    const message = `It holds ${served.size} entries and this server ${own.size}: was its database restored from a backup?`
    throw new Shortcoming('E104', message)
  }
  if (served.size < own.size) return requireWithinLag(served.size, own.size, options)
  if (!sameBytes(served.root, own.root)) throw new Shortcoming('E104', 'It serves another log under the same size.')
}

/** The oldest entry that it lacks says for how long it has been behind. */
async function requireWithinLag(
  size: number,
  ownSize: number,
  { serverName, logReader, nowTs }: HeadCheckOptions,
): Promise<void> {
  const page = await logReader.page(serverName, { since: size, limit: 1, maxBytes: MAX_ENTRY_PAGE_BYTES })
  const [entry] = page.entries
  if (!entry) return
  const lagMs = nowTs - readEntry(parseStrict(entry.bytes)).header.ts
  if (lagMs <= ALLOWED_LAG_MS) return
  const minutes = Math.ceil(lagMs / 60_000)
  throw new Shortcoming(
    'E100',
    `It holds ${size} of ${ownSize} entries, and has lacked one for ${minutes} minutes; ` +
      `${ALLOWED_LAG_MS / 60_000} are allowed.`,
  )
}
