import { importPublicKey, type PublicKey } from './crypto/index.ts'
import { FederationError, reasonOf } from './errors.ts'
import { decodeBase64 } from './json/index.ts'
import type { ConfiguredWitness } from './keys/index.ts'
import { isKeyId, parseServerName, type ServerNameOptions } from './names/index.ts'

/** Bytes of an Ed25519 public key. */
const PUBLIC_KEY_BYTES = 32

/** Two that are independent of each other: one alone could lie unnoticed (PROTOCOL section 5.3). */
const DEFAULT_QUORUM = 2

/** A witness as its user names it: its server name, or that with the keys by which it is known, as base64 by key id. */
export type WitnessOption = string | { readonly serverName: string; readonly keys: Readonly<Record<string, string>> }

/** @throws FederationError `invalid_option`, `invalid_server_name`. */
export function witnessOf(witness: WitnessOption, names: ServerNameOptions): ConfiguredWitness {
  if (typeof witness === 'string') return { serverName: parseServerName(witness, names), pinned: new Map() }
  const malformed = Object.keys(witness.keys).find((keyId) => !isKeyId(keyId))
  if (malformed !== undefined) throw invalid(`witnesses: ${malformed} is no key id; it looks like ed25519:21fe31dfa1`)
  return { serverName: parseServerName(witness.serverName, names), pinned: keyMap(witness.keys, 'witnesses') }
}

/** @throws FederationError `invalid_option`. */
export function quorumOf(quorum: number = DEFAULT_QUORUM): number {
  if (Number.isSafeInteger(quorum) && quorum >= 1) return quorum
  throw invalid('quorum must be a whole number, at least 1')
}

/**
 * Public keys by name.
 *
 * @param keys - as base64.
 * @param option - that they stand in, for the message.
 * @throws FederationError `invalid_option`.
 */
export function keyMap(keys: Readonly<Record<string, string>>, option: string): Map<string, PublicKey> {
  return new Map(
    Object.entries(keys).map(([name, text]) => {
      try {
        return [name, importPublicKey(decodeBase64(text, PUBLIC_KEY_BYTES))]
      } catch (cause) {
        throw new FederationError(
          'invalid_option',
          `${option}: the key of ${name} cannot be used: ${reasonOf(cause)}`,
          { cause },
        )
      }
    }),
  )
}

function invalid(message: string): FederationError {
  return new FederationError('invalid_option', message)
}
