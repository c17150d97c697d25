import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { News, NewsListener, NewsSubject } from '@manga-federation/core'
import type { Database } from './database.ts'
import type { PostgresClient } from './postgres-pool.ts'

/** After a connection broke: soon enough for what waits, rare enough for a server that restarts. */
const RECONNECT_PAUSE_MS = 1000

/** The channel of a store; the schema's name is short enough for it to be an identifier of PostgreSQL. */
export function newsChannel(schemaName: string): string {
  return `${schemaName}_commits`
}

/** Listens for news on a connection of its own, as long as somebody wants to be told. */
export class NewsChannel {
  readonly #database: Database
  /** By which this process knows its own news. */
  readonly #teller = randomUUID()
  readonly #listeners = new Set<NewsListener>()
  #ending: AbortController | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(database: Database) {
    this.#database = database
  }

  async tell({ subject, serverName }: News): Promise<void> {
    const payload = [subject, serverName, this.#teller].join(' ')
    await this.#database.all('SELECT pg_notify($1, $2)', newsChannel(this.#database.schemaName), payload)
  }

  /** @returns a function that ends it. */
  listen(listener: NewsListener): () => void {
    // One function may be given twice, and is told twice.
    const told: NewsListener = (news) => listener(news)
    this.#listeners.add(told)
    if (this.#ending === undefined) this.#start()
    return () => {
      this.#listeners.delete(told)
      if (this.#listeners.size === 0) void this.close()
    }
  }

  close(): Promise<void> {
    this.#ending?.abort()
    this.#ending = undefined
    return this.#running
  }

  #start(): void {
    this.#ending = new AbortController()
    const { signal } = this.#ending
    this.#running = this.#running.then(() => this.#listenUntil(signal))
  }

  async #listenUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#database.isClosed) {
      await this.#database.withSession((client) => this.#listenOn(client, signal)).catch(() => undefined)
      await pause(RECONNECT_PAUSE_MS, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  async #listenOn(client: PostgresClient, signal: AbortSignal): Promise<void> {
    let end = (): void => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    client.on('end', end)
    client.on('error', end)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
    try {
      client.on('notification', ({ payload = '' }) => this.#pass(payload))
      await client.query({ text: `LISTEN "${newsChannel(this.#database.schemaName)}"` })
      this.#announce(undefined)
      await ended
    } finally {
      signal.removeEventListener('abort', end)
    }
  }

  #pass(payload: string): void {
    const [first, serverName, teller] = payload.split(' ')
    // What a commit tells is the name alone.
    if (serverName === undefined) this.#announce({ subject: 'catalog', serverName: payload })
    else if (teller !== this.#teller) this.#announce({ subject: first as NewsSubject, serverName })
  }

  #announce(news: News | undefined): void {
    for (const listener of this.#listeners) listener(news)
  }
}
