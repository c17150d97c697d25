import { createClient, type RedisClientType } from '@keyv/redis'
import { FederationError, reasonOf } from '@manga-federation/core'

/** Until a connection is made; the same until an idle one that says nothing is given up. */
const SILENCE_MS = 5_000

/** How often an idle connection is probed: more than once within `SILENCE_MS`. */
const PROBE_MS = 2_000

/** Until an answer counts as missing. Whoever is kept waiting meanwhile is another server. */
const MAX_WAIT_MS = 2_000

/** The first pause before a lost connection is made again; each one after it is twice as long. */
const FIRST_PAUSE_MS = 50

/** The longest such pause: so soon Redis is used again after it came back. */
const MAX_PAUSE_MS = 2_000

/** A connection to Redis that heals by itself. */
export interface Connection {
  readonly client: RedisClientType
  /** Where Redis is, for messages. */
  readonly name: string
  /**
   * Since when, in POSIX milliseconds, this process has been connected without a break. Whoever was connected all the
   * time has seen no restart of Redis.
   */
  readonly unbrokenSinceTs: () => number
  /**
   * Asks Redis something. Where there is no answer in time the connection may lead nowhere, so another one is made.
   *
   * @throws Error
   */
  readonly ask: <Answer>(question: (client: RedisClientType) => Promise<Answer>) => Promise<Answer>
  readonly close: () => void
}

/**
 * Connects once, at once: who gave a wrong address or password is told now.
 *
 * @throws FederationError `invalid_option`, `store_unavailable`.
 */
export async function connect(url: string): Promise<Connection> {
  const name = nameOf(url)
  let unbrokenSinceTs = Infinity
  // A connection that never was is not worth trying again.
  const client = createClientFor(url, () => unbrokenSinceTs < Infinity)
  client.on('ready', () => (unbrokenSinceTs = Date.now()))
  try {
    await client.connect()
  } catch (cause) {
    throw new FederationError(
      'store_unavailable',
      `${name} cannot be used: ${wordsOf(cause)}. Start it, or mend its address or password.`,
      { cause },
    )
  }
  return {
    client,
    name,
    unbrokenSinceTs: () => unbrokenSinceTs,
    async ask(question) {
      let timer: NodeJS.Timeout | undefined
      const timeUp = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`it was silent for ${MAX_WAIT_MS} ms`))
          client.destroy()
          client.connect().catch(() => {})
        }, MAX_WAIT_MS)
      })
      try {
        return await Promise.race([question(client), timeUp])
      } finally {
        clearTimeout(timer)
      }
    },
    close() {
      // A connection that is just being made would keep the process from ending.
      client.unref()
      if (client.isOpen) client.destroy()
    },
  }
}

/** A client that is not connected. @param mayReconnect - asked when its connection broke or could not be made. */
function createClientFor(url: string, mayReconnect: () => boolean): RedisClientType {
  try {
    const client: RedisClientType = createClient({
      url,
      // While Redis is away, what is asked fails at once: nobody should wait for it.
      disableOfflineQueue: true,
      pingInterval: PROBE_MS,
      socket: {
        connectTimeout: SILENCE_MS,
        socketTimeout: SILENCE_MS,
        reconnectStrategy: (attempts) => mayReconnect() && Math.min(FIRST_PAUSE_MS * 2 ** attempts, MAX_PAUSE_MS),
      },
    })
    // Whoever asks in vain is told.
    client.on('error', () => {})
    return client
  } catch {
    throw invalidUrl()
  }
}

/** What may be told of the address, which contains the password. */
function nameOf(url: string): string {
  const { protocol, host } = URL.canParse(url) ? new URL(url) : { protocol: '', host: '' }
  if (/^rediss?:$/.test(protocol) && host !== '') return `Redis at ${host}`
  throw invalidUrl()
}

function invalidUrl(): FederationError {
  return new FederationError(
    'invalid_option',
    'openRedis: url must be the address of a Redis, such as redis://localhost:6379 or rediss://user:password@host:6379',
  )
}

/** Where a name has several addresses, the failure of all of them has a code and no message. */
function wordsOf(thrown: unknown): string {
  const words = reasonOf(thrown)
  return words === '' && thrown instanceof Error && 'code' in thrown ? String(thrown.code) : words
}
