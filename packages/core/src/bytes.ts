/** All bytes of these parts, one behind the other. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.byteLength
  }
  return whole
}

/** The same with a separator between each two. */
export function joinBytes(parts: readonly Uint8Array[], separator: Uint8Array): Uint8Array {
  return concatBytes(parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part])))
}

/** Whether two byte arrays hold the same. Not for secrets: the time it takes tells where they differ. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
