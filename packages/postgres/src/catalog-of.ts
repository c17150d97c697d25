/**
 * SQL for the number of the catalog of the origin `$1`; null when nothing is known of it.
 *
 * @param schema - quoted.
 */
export function catalogOf(schema: string): string {
  return `(SELECT catalog FROM ${schema}.catalogs WHERE origin = $1)`
}
