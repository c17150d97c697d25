/** Where a reader keeps what it knows from one start of the app to the next. It may lose things; then it asks again. */
export interface Memory {
  /** The text last set under a key; undefined when there is none. */
  get(key: string): Promise<string | undefined>
  set(key: string, value: string): Promise<void>
  delete(key: string): Promise<void>
}

/** What browsers' `localStorage` has, and React Native's `AsyncStorage`. */
export interface TextStorage {
  getItem(key: string): string | null | Promise<string | null>
  setItem(key: string, value: string): unknown
  removeItem(key: string): unknown
}

/** The memory in a `localStorage`, an `AsyncStorage` or the like. */
export function memoryOf(storage: TextStorage): Memory {
  return {
    get: async (key) => (await storage.getItem(key)) ?? undefined,
    async set(key, value) {
      await storage.setItem(key, value)
    },
    async delete(key) {
      await storage.removeItem(key)
    },
  }
}

/** A memory that lasts as long as the process or page. */
export function memoryInProcess(): Memory {
  const texts = new Map<string, string>()
  return {
    get: async (key) => texts.get(key),
    set: async (key, value) => void texts.set(key, value),
    delete: async (key) => void texts.delete(key),
  }
}
