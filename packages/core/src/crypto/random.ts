/**
 * Bytes that nobody can guess, from the operating system.
 *
 * @param length - how many, 0 to 65,536, which is as much as Web Crypto gives at once.
 */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}
