import type { Environment } from '../environment.ts'
import { memoryStore, type News, type NewsListener, type SharedStore, type Store } from '../store/index.ts'

/** What one process of a test has of a shared store. */
export interface TestProcess {
  readonly store: Store
  /** Whether it reaches the store to claim work. */
  canClaim: boolean
  /** Whether news comes to it and goes from it. */
  canTalk: boolean
}

/** A store in memory, and the processes that share it. */
export interface TestSharedStore {
  /** All that was told, in order. */
  readonly told: News[]
  process(): TestProcess
}

/** Builds a store that several processes of a test share. */
export function testSharedStore(environment: Environment): TestSharedStore {
  const memory = memoryStore()
  const claims = new Map<string, { readonly holder: TestProcess; readonly untilTs: number }>()
  const listeners = new Map<NewsListener, TestProcess>()
  const told: News[] = []

  function sharedBy(holder: TestProcess): SharedStore {
    const announce = (news: News): void => {
      for (const [listener, process] of listeners) {
        if (process.canTalk && (process !== holder || news.subject === 'catalog')) listener(news)
      }
    }
    return {
      async claim(name, ttlMs) {
        if (!holder.canClaim) throw new Error('the store is not reached')
        const claim = claims.get(name)
        if (claim && claim.holder !== holder && claim.untilTs >= environment.now()) return false
        claims.set(name, { holder, untilTs: environment.now() + ttlMs })
        return true
      },
      async release(name) {
        if (claims.get(name)?.holder === holder) claims.delete(name)
      },
      async tell(news) {
        if (!holder.canTalk) throw new Error('the store is not reached')
        told.push(news)
        announce(news)
      },
      listen(listener) {
        listeners.set(listener, holder)
        return () => listeners.delete(listener)
      },
    }
  }

  return {
    told,
    process() {
      const commit: Store['catalog']['commit'] = async (serverName, change) => {
        const state = await memory.catalog.commit(serverName, change)
        if (state)
          for (const [listener, { canTalk }] of listeners) if (canTalk) listener({ subject: 'catalog', serverName })
        return state
      }
      const process: TestProcess = {
        canClaim: true,
        canTalk: true,
        get store() {
          return { ...memory, catalog: { ...memory.catalog, commit }, shared, close: async () => {} }
        },
      }
      const shared = sharedBy(process)
      return process
    },
  }
}
