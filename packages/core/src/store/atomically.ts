/** Runs one method of the in-memory store in one turn of the event loop, unless the store is closed. */
export type Atomically = <T>(work: () => T) => Promise<T>
