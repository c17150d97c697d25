/** What is there, or will be. */
export type Soon<T> = T | Promise<T>

/**
 * Goes on with what was asked for, at once where nothing of it has to be waited for: a wait that is none costs as much as
 * reading a small document.
 */
export function whenAllThere<T, R>(parts: readonly Soon<T>[], goOn: (parts: readonly T[]) => R): Soon<R> {
  return areThere(parts) ? goOn(parts) : Promise.all(parts).then(goOn)
}

function areThere<T>(parts: readonly Soon<T>[]): parts is readonly T[] {
  return !parts.some((part) => part instanceof Promise)
}
