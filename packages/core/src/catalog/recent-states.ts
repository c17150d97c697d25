import { LRUCache } from 'lru-cache'
import type { Environment } from '../environment.ts'
import type { CatalogState, CatalogStore } from '../store/index.ts'

/**
 * How long a state counts that another process may have changed since: less than anybody notices, and long enough that
 * under load hardly any read asks the store. Caches in front keep answers for 10 s anyway (PROTOCOL section 6.2).
 */
const MAX_AGE_MS = 20

/** Origins whose state is remembered. */
const MAX_ORIGINS = 1000

/** How far catalogs have come, for reading. */
export interface RecentStates {
  /** At once where the state was looked at a moment ago. */
  of(origin: string): CatalogState | Promise<CatalogState>
  /** Makes what this process just stored show at once. */
  forget(): void
}

/** Remembers states between reads. */
export function rememberStates(store: CatalogStore, environment: Environment): RecentStates {
  const recent = new LRUCache<string, { readonly state: CatalogState; readonly readTs: number }>({ max: MAX_ORIGINS })
  let commits = 0

  async function read(origin: string): Promise<CatalogState> {
    const readTs = environment.now()
    const commitsBefore = commits
    const state = await store.state(origin)
    // What was read while something was stored may be what was before it.
    if (commits === commitsBefore) recent.set(origin, { state, readTs })
    return state
  }

  return {
    of(origin) {
      const known = recent.get(origin)
      // A clock that was set back must not keep a state alive.
      const ageMs = known ? environment.now() - known.readTs : Infinity
      return known && ageMs >= 0 && ageMs < MAX_AGE_MS ? known.state : read(origin)
    },
    forget() {
      commits += 1
      recent.clear()
    },
  }
}
