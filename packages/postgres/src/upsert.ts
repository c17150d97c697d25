/** SQL that adds a row or replaces the one with its key: the parameters stand in the order of the columns. */
export function upsertSql(table: string, [key, ...others]: readonly [string, ...string[]]): string {
  const columns = [key, ...others]
  return `
    INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})
    ON CONFLICT (${key}) DO UPDATE SET ${others.map((column) => `${column} = excluded.${column}`).join(', ')}`
}
