/** SQL for the number of the catalog of an origin, a parameter; null when nothing is known of it. */
export const CATALOG_OF = '(SELECT catalog FROM catalogs WHERE origin = ?)'
