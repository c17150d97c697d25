import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from './database.ts'
import type { PostgresClient } from './postgres-pool.ts'

/**
 * Told of each commit, of this process and of others.
 *
 * @param origin - whose catalog was changed; undefined when notices may have been missed, so that any may have been.
 */
export type CommitListener = (origin: string | undefined) => void

/** After a connection broke: soon enough for what waits, rare enough for a server that restarts. */
const RECONNECT_PAUSE_MS = 1000

/** The channel of a store's commits; the schema's name is short enough for it to be an identifier of PostgreSQL. */
export function commitChannel(schemaName: string): string {
  return `${schemaName}_commits`
}

/** Listens for commits on a connection of its own, as long as somebody wants to be told. */
export class CommitNotices {
  readonly #database: Database
  readonly #listeners = new Set<CommitListener>()
  #ending: AbortController | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(database: Database) {
    this.#database = database
  }

  /** @returns a function that ends it. */
  subscribe(listener: CommitListener): () => void {
    // One function may be given twice, and is told twice.
    const told: CommitListener = (origin) => listener(origin)
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
      client.on('notification', ({ payload }) => this.#tell(payload))
      await client.query({ text: `LISTEN "${commitChannel(this.#database.schemaName)}"` })
      this.#tell(undefined)
      await ended
    } finally {
      signal.removeEventListener('abort', end)
    }
  }

  #tell(origin: string | undefined): void {
    for (const listener of this.#listeners) listener(origin)
  }
}
