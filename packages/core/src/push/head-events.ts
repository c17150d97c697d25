import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import { canonicalText } from '../json/index.ts'
import { clientNetwork } from '../limits/client-network.ts'
import type { LogHead } from '../log/index.ts'

/** Streams that are open at a time: each holds a socket. */
const MAX_STREAMS = 1_000

/** Streams of one client: an IPv4 address, or a /64 of IPv6, behind which there may be several followers. */
const MAX_STREAMS_A_NETWORK = 8

/** A comment shows both sides, and the proxies between, that the connection lives (PROTOCOL section 10). */
const COMMENT_MS = 15_000

const encoder = new TextEncoder()
const COMMENT = encoder.encode(':\n\n')

/** The heads of this server's log, as events for whoever cannot be reached. */
export interface HeadEvents {
  /** The log grew, or its head was signed anew. */
  tell(head: LogHead): void
  /** @throws FederationError `rate_limited` when this client, or all together, have as many streams as they may. */
  requireRoom(clientAddress: string): void
  /**
   * The events of one reader: the newest head whose size is beyond `since`, then each newer one. A slow reader gets the
   * newest only. Ends with `signal`, and at once when there is no room.
   *
   * @param since - -1 for the present head, whatever it is.
   */
  read(since: number, clientAddress: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void>
}

/** Builds the events, which know no head yet. */
export function createHeadEvents(environment: Environment): HeadEvents {
  /** Open streams by the network of their client. */
  const openStreams = new Map<string, number>()
  const waiting = new Set<() => void>()
  let openCount = 0
  let newest: { readonly head: LogHead; readonly event: Uint8Array } | undefined

  function hasRoom(network: string): boolean {
    return openCount < MAX_STREAMS && (openStreams.get(network) ?? 0) < MAX_STREAMS_A_NETWORK
  }

  function count(network: string, by: 1 | -1): void {
    openCount += by
    const streams = (openStreams.get(network) ?? 0) + by
    if (streams === 0) openStreams.delete(network)
    else openStreams.set(network, streams)
  }

  /** Waits for a newer head or the end, and no longer than until a comment is due. */
  function somethingToSay(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const cancel = environment.after(COMMENT_MS, wake)
      waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  async function* readHeads(since: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    let shown: LogHead | undefined
    const isNews = (): boolean => newest !== undefined && (shown ? newest.head !== shown : newest.head.size > since)
    const news = (): Uint8Array | undefined => {
      if (!isNews()) return undefined
      shown = newest?.head
      return newest?.event
    }
    // At once, so that the reader sees that it is connected.
    yield news() ?? COMMENT
    while (!signal.aborted) {
      if (!isNews()) await somethingToSay(signal)
      if (!signal.aborted) yield news() ?? COMMENT
    }
  }

  return {
    tell(head) {
      if (head.size === newest?.head.size && head.issuedTs === newest.head.issuedTs) return
      newest = { head, event: eventOf(head) }
      // Who is woken waits again later, never within this loop.
      for (const wake of waiting) wake()
    },
    requireRoom(clientAddress) {
      if (hasRoom(clientNetwork(clientAddress))) return
      const message = 'Too many streams of events are open; poll the head with If-None-Match, or come back in a minute.'
      throw new FederationError('rate_limited', message, { headers: { 'retry-after': '60' } })
    },
    async *read(since, clientAddress, signal) {
      const network = clientNetwork(clientAddress)
      if (!hasRoom(network)) return
      count(network, 1)
      try {
        yield* readHeads(since, signal)
      } finally {
        count(network, -1)
      }
    },
  }
}

/** Canonical JSON has no line breaks, so a head is one line. */
function eventOf(head: LogHead): Uint8Array {
  return encoder.encode(`event: head\nid: ${head.size}\ndata: ${canonicalText(head.json)}\n\n`)
}
