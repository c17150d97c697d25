import type { SqlConnection, SqlRow, SqlStatement, SqlValue } from './driver.ts'

/** A statement of `node:sqlite`, as far as {@link withRowsOfLists} needs it. */
interface NodeStatement {
  run(...parameters: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  get(...parameters: SqlValue[]): readonly SqlValue[] | undefined
  all(...parameters: SqlValue[]): (readonly SqlValue[])[]
  iterate(...parameters: SqlValue[]): Iterable<readonly SqlValue[]>
  /** Since Node 22.16, as `columns`. */
  setReturnArrays?(enabled: boolean): void
  columns(): { readonly name: string }[]
}

/**
 * Makes rows of the lists that `node:sqlite` returns where it can. The objects that it makes by itself have a hidden class
 * each, 80 bytes in the old generation, where they stay until the engine collects the whole memory: 25 MB while a catalog
 * of 325,000 objects is compared. They also take half as long again.
 */
export function withRowsOfLists(connection: SqlConnection): SqlConnection {
  return {
    exec: (sql) => connection.exec(sql),
    prepare<Row extends SqlRow>(sql: string): SqlStatement<Row> {
      const statement = connection.prepare<Row>(sql)
      const node = statement as unknown as NodeStatement
      if (!node.setReturnArrays) return statement
      node.setReturnArrays(true)
      return statementOfLists(node)
    },
    close: () => connection.close(),
  }
}

function statementOfLists<Row extends SqlRow>(statement: NodeStatement): SqlStatement<Row> {
  let names: readonly string[] | undefined
  const rowOf = (values: readonly SqlValue[]): Row => {
    names ??= statement.columns().map(({ name }) => name)
    const row: SqlRow = {}
    for (let index = 0; index < names.length; index++) row[names[index]!] = values[index]!
    return row as Row
  }
  return {
    run: (...parameters) => statement.run(...parameters),
    get(...parameters) {
      const values = statement.get(...parameters)
      return values && rowOf(values)
    },
    all: (...parameters) => statement.all(...parameters).map(rowOf),
    *iterate(...parameters) {
      for (const values of statement.iterate(...parameters)) yield rowOf(values)
    },
  }
}
