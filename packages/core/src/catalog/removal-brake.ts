/** A pass that would remove more than this share of a catalog … */
const MAX_REMOVED_SHARE = 1 / 5

/** … and more than this many objects waits for the operator's word (DESIGN, CatalogRepository; PROTOCOL section 10). */
const MAX_REMOVED_OBJECTS = 50

/**
 * Whether so much of a catalog is missing from its listing that the listing is more likely broken than true.
 *
 * @param count.missing - objects that the listing no longer has.
 * @param count.total - objects that the catalog has, the missing ones among them.
 */
export function needsConfirmation({ missing, total }: { readonly missing: number; readonly total: number }): boolean {
  return missing > MAX_REMOVED_OBJECTS && missing > total * MAX_REMOVED_SHARE
}
