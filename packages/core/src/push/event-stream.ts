import { backOffMs } from '../back-off.ts'
import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { readEvents } from './event-reader.ts'

/** Three comments late: the connection is dead, whatever the network says (PROTOCOL section 10: one every 15 s). */
const IDLE_MS = 45_000

/** What one connection may bring, some thousand heads: whoever sends more is asked anew, after a pause. */
const MAX_STREAM_BYTES = 1024 * 1024

/** The first pause before a new connection, and the longest: by then the head is polled anyhow. */
const FIRST_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 5 * 60 * 1000

/** The jitter takes up to a half off, so that the readers of a server that was restarted do not come back together. */
const JITTER = 0.5

/** An id that is sent back: the size of a log. */
const SIZE = /^\d{1,16}$/

/** A connection to an origin's events that is made anew whenever it ends. */
export interface EventStream {
  close(): void
}

/** What a stream of events works with. */
export interface EventStreamOptions {
  readonly client: HttpClient
  readonly origin: string
  /** The entries that are held: only later heads are asked for. */
  readonly since: () => Promise<number>
  /** The origin has a new head, of which nothing is believed here. */
  readonly onHead: () => void
  readonly environment: Environment
  readonly logger: Logger
  /** From 0 up to 1, for jitter. */
  readonly random: () => number
}

/** Begins to read the events of an origin (PROTOCOL section 10). */
export function openEventStream(options: EventStreamOptions): EventStream {
  const { client, origin, since, onHead, environment, logger, random } = options
  const stop = new AbortController()
  let lastEventId: string | undefined
  let failures = 0

  async function connect(): Promise<void> {
    const url = `${origin}/manga/log/events?since=${await since()}`
    const { status } = await client.stream(url, {
      headers: { accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
      maxBytes: MAX_STREAM_BYTES,
      idleMs: IDLE_MS,
      signal: stop.signal,
      onChunk: readEvents((event) => {
        failures = 0
        if (event.lastEventId !== undefined && SIZE.test(event.lastEventId)) lastEventId = event.lastEventId
        if (event.type === 'head') onHead()
      }),
    })
    if (status !== 200)
      throw new FederationError('bad_response', `${origin} answered ${status} when asked for its events.`)
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await connect()
      } catch (error) {
        if (!stop.signal.aborted) logger.info({ origin }, `the events of ${origin} stopped: ${reasonOf(error)}`)
      }
      failures++
      await pause()
    }
  }

  function pause(): Promise<void> {
    const pauseMs = backOffMs(failures, FIRST_PAUSE_MS, MAX_PAUSE_MS) * (1 - JITTER * random())
    return new Promise((resolve) => {
      if (stop.signal.aborted) return resolve()
      const cancel = environment.after(Math.round(pauseMs), resolve)
      stop.signal.addEventListener('abort', () => {
        cancel()
        resolve()
      })
    })
  }

  void run()
  return {
    close: () => stop.abort(new FederationError('closed', 'The events are not read any more.')),
  }
}
