/** The same bytes as a plain `Uint8Array`: better-sqlite3 returns Buffers, whose `slice` does not copy. */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
