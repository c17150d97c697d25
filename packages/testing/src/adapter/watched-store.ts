import { memoryStore, type Store, type StoredObject } from '@manga-federation/core'
import { bytesOf, commit, series } from '../store/samples.ts'

/** A server whose objects the store holds, so that a long listing needs no publishing. */
export const MIRRORED = 'https://mirrored.example.com/v1'

/** Enough that no socket takes the whole listing at once: 32 MiB, which core reads in 16 pages. */
const OBJECTS = 4096
const OBJECT_BYTES = 8192

/** How many objects a whole listing of {@link MIRRORED} has. */
export const MIRRORED_OBJECTS: number = OBJECTS

/** A store that tells how far a listing of {@link MIRRORED} was read, and can hold it up. */
export interface WatchedStore {
  readonly store: Store
  /** How many pages were asked for. */
  readonly pages: () => number
  /**
   * Holds up the page with this number, counted from 1.
   *
   * @returns `reached` resolves when it is asked for; `release` lets it go.
   */
  holdUp(page: number): { readonly reached: Promise<void>; readonly release: () => void }
}

/** Builds a store in memory that may hold a long catalog of {@link MIRRORED}. */
export async function watchedStore(withMirrored: boolean): Promise<WatchedStore> {
  const store = memoryStore()
  if (withMirrored) await commit(store, longCatalog(), [], MIRRORED)
  const list = store.catalog.list.bind(store.catalog)
  let pages = 0
  let heldPage = 0
  let reach = (): void => {}
  let held = Promise.resolve()
  store.catalog.list = async (query) => {
    if (query.origin !== MIRRORED) return list(query)
    pages += 1
    if (pages === heldPage) {
      reach()
      await held
    }
    return list(query)
  }
  return {
    store,
    pages: () => pages,
    holdUp(page) {
      heldPage = page
      const reached = new Promise<void>((resolve) => {
        reach = resolve
      })
      let release = (): void => {}
      held = new Promise<void>((resolve) => {
        release = resolve
      })
      return { reached, release }
    },
  }
}

function longCatalog(): StoredObject[] {
  return Array.from({ length: OBJECTS }, (_, index) => {
    const id = `s${String(index).padStart(5, '0')}`
    const head = `{"id":"${id}","metadata":{"en":{"title":"`
    const tail = `"}},"server":"${MIRRORED}","signatures":{},"signing_keys":{}}`
    return series(id, { bytes: bytesOf(head.padEnd(OBJECT_BYTES - tail.length, 'x') + tail) })
  })
}
