import { FederationError, type Store } from '@manga-federation/core'
import { seededRandom } from './random.ts'

/** A store some of whose calls fail, as those to a database server do that is restarted now and then. */
export interface FailingStore {
  readonly store: Store
  /** Begins to fail: so many calls of a hundred, half of them before they did anything, half after, unanswered. */
  begin(failuresOf100: number, seed: number): void
}

/** Makes a store whose calls can fail. Closing does not, nor does what is asked only at the start. */
export function failingStore(store: Store): FailingStore {
  let failNow = (): void => {}
  const failing = <Part extends object>(part: Part): Part =>
    new Proxy(part, {
      get(target, name, receiver) {
        const method: unknown = Reflect.get(target, name, receiver)
        if (typeof method !== 'function') return method
        return async (...given: unknown[]): Promise<unknown> => {
          failNow()
          const answer: unknown = await Reflect.apply(method, target, given)
          failNow()
          return answer
        }
      },
    })
  return {
    store: {
      ...store,
      catalog: failing(store.catalog),
      log: failing(store.log),
      following: failing(store.following),
      followers: failing(store.followers),
      transactions: failing(store.transactions),
      close: () => store.close(),
    },
    begin(failuresOf100, seed) {
      const random = seededRandom(seed)
      failNow = () => {
        if (random.below(200) < failuresOf100)
          throw new FederationError('store_unavailable', 'The database is restarted.')
      }
    },
  }
}
