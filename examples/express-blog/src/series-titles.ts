/** An address longer than this is of no use. */
const MAX_ID_LETTERS = 60

/**
 * Whether two titles are one, spelled in two ways: neither case nor signs nor spaces count, since titles are copied from
 * sites with other apostrophes and dashes.
 */
export function isSameTitle(one: string, other: string): boolean {
  return one === other || (wordsOf(one) !== '' && wordsOf(one) === wordsOf(other))
}

/** Ids for a series of this title, for its address on the blog: `one-piece`, and where that is taken `one-piece-2`, … */
export function* seriesIds(title: string): Generator<string> {
  const id = Array.from(wordsOf(title)).slice(0, MAX_ID_LETTERS).join('') || 'series'
  yield id
  for (let further = 2; ; further++) yield `${id}-${further}`
}

function wordsOf(title: string): string {
  const words = title
    .normalize('NFKC')
    .toLowerCase()
    .matchAll(/[\p{L}\p{M}\p{N}]+/gu)
  return Array.from(words, ([word]) => word).join('-')
}
