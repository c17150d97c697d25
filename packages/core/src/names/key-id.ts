/** `ed25519:` + version (PROTOCOL section 1). Case-sensitive. */
const KEY_ID = /^ed25519:[a-zA-Z0-9_]{1,64}$/

/** How many hex characters of the public key's SHA-256 make the default version. */
const VERSION_HEX_CHARACTERS = 10

/** Whether a text is a key id of an algorithm that we know, well formed (PROTOCOL section 1). */
export function isKeyId(text: string): boolean {
  return KEY_ID.test(text)
}

/**
 * The default key id of a public key, so that an id can never come to mean another key (PROTOCOL section 1).
 *
 * @param publicKeyHash - SHA-256 of the 32 bytes of the public key.
 */
export function defaultKeyId(publicKeyHash: Uint8Array): string {
  const hex = Array.from(publicKeyHash, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `ed25519:${hex.slice(0, VERSION_HEX_CHARACTERS)}`
}
