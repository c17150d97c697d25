/** How each type of a column that the store reads is read, by the numbers of PostgreSQL's own types. */
const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [16, (text) => text === 't'], // bool
  [17, bytesFromHex], // bytea
  [20, Number], // int8: sizes, revisions and times, all within 2^53
  [21, Number], // int2
  [23, Number], // int4
])

/**
 * How answers are read. Given with each statement: what the site has `pg` do with its own (`pg.types.setTypeParser`)
 * makes no difference here.
 */
export const COLUMN_TYPES = {
  getTypeParser: (oid: number): ((text: string) => unknown) => PARSERS.get(oid) ?? ((text) => text),
}

/** Reads `\x` and hexadecimal digits, which is what `bytea_output = hex` sends, into an array of its own. */
function bytesFromHex(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length - 2) / 2)
  Buffer.from(bytes.buffer).write(text.slice(2), 'hex')
  return bytes
}
