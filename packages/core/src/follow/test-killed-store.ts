import type { Store } from '../store/index.ts'

/** A store as a process sees it that is killed: from one call on nothing is done any more. */
export interface KilledStore {
  readonly store: Store
  /** How many calls were made. */
  readonly calls: number
}

/**
 * Lets a number of calls through.
 *
 * @param lastCall - the number of the last one, from 1 on.
 * @param isLastDone - whether the last one has its effect, of which the caller does not learn. Otherwise it has none.
 */
export function killedStore(store: Store, lastCall: number, isLastDone: boolean): KilledStore {
  let calls = 0
  const watchedRoom = <Room extends object>(room: Room): Room =>
    new Proxy(room, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return async (...given: unknown[]) => {
          calls += 1
          if (calls < lastCall) return (method as (...given: unknown[]) => unknown).apply(target, given)
          if (calls === lastCall && isLastDone) await (method as (...given: unknown[]) => unknown).apply(target, given)
          throw new Error('killed')
        }
      },
    })
  const killed: Store = {
    ...store,
    catalog: watchedRoom(store.catalog),
    following: watchedRoom(store.following),
    log: watchedRoom(store.log),
  }
  return {
    store: killed,
    get calls() {
      return calls
    },
  }
}
