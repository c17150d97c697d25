/** Places that a catalog has in the table `entries`: with 1 KB each, more than a site's disk holds. */
const ENTRIES_A_CATALOG = 2 ** 33

/**
 * The row of an entry: one number, so that entries lie in the order of their log and are found without an index. It is
 * exact in a double for 2^20 catalogs. All numbers that no log reaches have the catalog's last place, which stays free.
 */
export function entryKey(catalog: number, seq: number): number {
  return catalog * ENTRIES_A_CATALOG + Math.min(seq, ENTRIES_A_CATALOG - 1)
}

/** Behind the last entry that a catalog has room for. */
export function endOfEntries(catalog: number): number {
  return entryKey(catalog + 1, 0)
}
