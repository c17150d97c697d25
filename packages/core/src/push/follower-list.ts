import { createSerialQueue } from '../catalog/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { voiceOf } from '../keys/ask-witnesses.ts'
import type { Logger } from '../logger.ts'
import type { Follower, FollowerStore } from '../store/index.ts'
import { newFollower } from './follower-state.ts'

/** Followers that one server has at most: with some 500 bytes each they are kept in memory, and are all told in 20 s. */
const MAX_FOLLOWERS = 10_000

/** Followers of one owner: whoever has a domain can make up names under it, and would take all places with them. */
const MAX_FOLLOWERS_AN_OWNER = 100

/** Rows that are read at once at the start. */
const PAGE_ROWS = 1000

/**
 * How long changes of rows are gathered before they are stored: hundreds of followers acknowledge each change. What a
 * crash loses costs one transaction that a follower has already, which it answers with what it holds.
 */
const STORE_AFTER_MS = 5_000

/** The followers, in memory and in the store. */
export interface FollowerList {
  /** Reads them from the store, which other processes change too. */
  load(): Promise<void>
  all(): Iterable<Follower>
  get(serverName: string): Follower | undefined
  /**
   * Adds a follower, stored when it resolves; one that is there stays as it is.
   *
   * @returns whether it is new.
   * @throws FederationError `too_many_followers`.
   */
  add(serverName: string): Promise<boolean>
  /** Replaces what is known of a follower; passed over when it is there no more. */
  update(follower: Follower): void
  /** Forgets a follower, in the store too when it resolves. */
  remove(serverName: string): Promise<void>
  /** Stores what was not yet. */
  settle(): Promise<void>
}

/** What the list works with. */
export interface FollowerListOptions {
  readonly store: FollowerStore
  readonly environment: Environment
  readonly logger: Logger
}

/** Builds the list, empty until it is loaded. */
export function createFollowerList({ store, environment, logger }: FollowerListOptions): FollowerList {
  const followers = new Map<string, Follower>()
  /** How many each owner has. */
  const owners = new Map<string, number>()
  const unstored = new Set<string>()
  // One write after the other, so that a removed follower is not put back by a write that began before.
  const inTurn = createSerialQueue()
  let cancel: (() => void) | undefined

  function keep(follower: Follower): void {
    followers.set(follower.serverName, follower)
    const owner = voiceOf(follower.serverName)
    owners.set(owner, (owners.get(owner) ?? 0) + 1)
  }

  function drop(serverName: string): void {
    if (!followers.delete(serverName)) return
    const owner = voiceOf(serverName)
    const left = (owners.get(owner) ?? 1) - 1
    if (left === 0) owners.delete(owner)
    else owners.set(owner, left)
  }

  function requireRoom(serverName: string): void {
    if (followers.size >= MAX_FOLLOWERS) throw tooMany(`${MAX_FOLLOWERS} followers`)
    const owner = voiceOf(serverName)
    if ((owners.get(owner) ?? 0) >= MAX_FOLLOWERS_AN_OWNER) throw tooMany(`${MAX_FOLLOWERS_AN_OWNER} of ${owner}`)
  }

  async function storeChanges(): Promise<void> {
    for (const serverName of unstored) {
      unstored.delete(serverName)
      const follower = followers.get(serverName)
      if (follower) await store.put(follower)
      // An embedded store works on this thread: requests have their turn between two rows.
      await environment.yieldToOthers()
    }
  }

  function storeSoon(): void {
    cancel ??= environment.after(STORE_AFTER_MS, () => {
      cancel = undefined
      inTurn(storeChanges).catch((error: unknown) => {
        logger.error({ err: error }, `what followers acknowledged could not be stored: ${reasonOf(error)}`)
      })
    })
  }

  async function loadAll(): Promise<void> {
    const gone = new Set(followers.keys())
    let afterName: string | undefined
    do {
      const rows = await store.list({ afterName, limit: PAGE_ROWS })
      for (const row of rows) {
        gone.delete(row.serverName)
        if (!followers.has(row.serverName)) keep(row)
        else if (!unstored.has(row.serverName)) followers.set(row.serverName, row)
      }
      afterName = rows.length < PAGE_ROWS ? undefined : rows.at(-1)?.serverName
    } while (afterName !== undefined)
    gone.forEach(drop)
  }

  return {
    load: () => inTurn(loadAll),
    all: () => followers.values(),
    get: (serverName) => followers.get(serverName),
    add: (serverName) =>
      inTurn(async () => {
        if (followers.has(serverName)) return false
        requireRoom(serverName)
        const follower = newFollower(serverName, environment.now())
        await store.put(follower)
        keep(follower)
        return true
      }),
    update(follower) {
      if (!followers.has(follower.serverName)) return
      followers.set(follower.serverName, follower)
      unstored.add(follower.serverName)
      storeSoon()
    },
    remove(serverName) {
      drop(serverName)
      return inTurn(async () => {
        await store.delete(serverName)
      })
    },
    async settle() {
      cancel?.()
      cancel = undefined
      await inTurn(storeChanges)
    },
  }
}

function tooMany(what: string): FederationError {
  return new FederationError(
    'too_many_followers',
    `This server tells ${what} already and takes no more; poll its head, or read its events at /manga/log/events.`,
  )
}
