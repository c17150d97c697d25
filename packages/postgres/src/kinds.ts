import type { ObjectKind } from '@manga-federation/core'

/** How kinds are stored: two bytes in each row and index. Released numbers never change. */
export const KIND_NUMBERS: Readonly<Record<ObjectKind, number>> = { series: 0, chapter: 1 }

export function kindOf(number: number): ObjectKind {
  return number === KIND_NUMBERS.series ? 'series' : 'chapter'
}
