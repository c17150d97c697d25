import { concatBytes, sameBytes } from '../bytes.ts'
import { importSigningKey, sha256 } from '../crypto/index.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { isKeyId, parseServerName, type ServerNameOptions } from '../names/index.ts'
import type { Identity, OwnKey } from '../store/index.ts'

/** The first word of the text: what it is, and which form of it. */
const FORM = 'manga-federation-identity-1'

/** Crockford's base32 alphabet: no I, L, O and U, which people misread (https://www.crockford.com/base32.html). */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** What people write for digits that look alike. */
const MISREAD: Readonly<Record<string, string>> = { O: '0', I: '1', L: '1' }

const SEED_BYTES = 32

/** Bytes of the checksum at the end of each key: one wrong character is missed once in 65,536 times. */
const CHECK_BYTES = 2

/** Characters between two hyphens: what people read in one glance. */
const GROUP_CHARACTERS = 5

/** Keys in one text: more rotations than a site has in its life. */
const MAX_KEYS = 64

const encoder = new TextEncoder()

/**
 * Writes an identity as a short text that a person can print, and type in again. It holds the private keys.
 *
 * One line names the server; each key has a line: key id, when it was made, when it expired (or `-`), seed.
 */
export function writeIdentity({ serverName, keys }: Identity): string {
  return [`${FORM} ${serverName}`, ...keys.map(keyLine)].join('\n')
}

/**
 * Reads what `writeIdentity` wrote; spaces, hyphens, line ends and lower case make no difference.
 *
 * @throws FederationError `invalid_identity`, whose message says which line is wrong and repeats no secret.
 */
export function readIdentity(text: string, names: ServerNameOptions): Identity {
  const [head = '', ...lines] = text
    .trim()
    .split(/\s*\n\s*/)
    .map((line) => line.trim())
  const [form, serverName = ''] = head.split(/\s+/)
  if (form !== FORM) throw refusal(`it must begin with ${FORM} and the name of the server`)
  if (lines.length === 0 || lines.length > MAX_KEYS) throw refusal(`it must have 1 to ${MAX_KEYS} lines with keys`)
  return { serverName: parseServerName(serverName, names), keys: lines.map(readKeyLine) }
}

function keyLine({ keyId, createdTs, expiredTs, seed }: OwnKey): string {
  const text = encodeBase32(withCheck(keyId, seed))
  const groups = text.match(new RegExp(`.{1,${GROUP_CHARACTERS}}`, 'g')) ?? []
  return `${keyId} ${createdTs} ${expiredTs ?? '-'} ${groups.join('-')}`
}

function readKeyLine(line: string, index: number): OwnKey {
  const [keyId = '', createdTs = '', expiredTs = '', ...seedText] = line.split(/\s+/)
  const where = `its key ${index + 1}`
  if (!isKeyId(keyId) || !/^\d+$/.test(createdTs) || !/^(?:\d+|-)$/.test(expiredTs)) {
    throw refusal(`${where} must be a line of four parts: key id, two times, and the secret`)
  }
  const bytes = decodeBase32(seedText.join(''), where)
  const seed = bytes.slice(0, SEED_BYTES)
  if (bytes.length !== SEED_BYTES + CHECK_BYTES || !sameBytes(bytes, withCheck(keyId, seed))) {
    throw refusal(`the secret of ${where} has a wrong or missing character`)
  }
  try {
    importSigningKey(seed)
  } catch (cause) {
    throw refusal(`${where} cannot be used: ${reasonOf(cause)}`)
  }
  return { keyId, seed, createdTs: Number(createdTs), expiredTs: expiredTs === '-' ? undefined : Number(expiredTs) }
}

/** The checksum covers the key id too, so that two lines cannot be mixed up. */
function withCheck(keyId: string, seed: Uint8Array): Uint8Array {
  const check = sha256(concatBytes([encoder.encode(keyId), seed])).subarray(0, CHECK_BYTES)
  return concatBytes([seed, check])
}

function encodeBase32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')
}

function decodeBase32(text: string, where: string): Uint8Array {
  const characters = Array.from(text.toUpperCase().replaceAll('-', ''), (character) => MISREAD[character] ?? character)
  const values = characters.map((character) => ALPHABET.indexOf(character))
  if (values.includes(-1)) throw refusal(`the secret of ${where} has a character that does not belong there`)
  const bits = values.map((value) => value.toString(2).padStart(5, '0')).join('')
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
}

function refusal(reason: string): FederationError {
  return new FederationError('invalid_identity', `This text is no exported identity: ${reason}.`)
}
