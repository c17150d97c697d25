import type { PublicKey } from '../crypto/index.ts'
import { FederationError, reasonOf } from '../errors.ts'
import {
  encodeBase64,
  encodeCanonical,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  verifyDocument,
} from '../json/index.ts'
import type { LoadedKey } from '../keys/index.ts'
import { signAs } from '../keys/own-keys.ts'
import { hashOf } from './hash-text.ts'
import { isSize } from './subtrees.ts'

const HEAD_TYPE = 'fm.head.v1'

/** How long a head is valid at most, and how long our own are (PROTOCOL section 9). */
export const HEAD_LIFETIME_MS: number = 7 * 24 * 60 * 60 * 1000

/** How far another server's clock may be ahead of ours (PROTOCOL section 9). */
const MAX_AHEAD_MS = 10 * 60 * 1000

/** The largest head that is read, in bytes: 64 signatures are some 11 KiB. */
export const MAX_HEAD_BYTES: number = 16 * 1024

/** What a head says of a log. */
export interface HeadFacts {
  readonly serverName: string
  /** From 1 on; a higher one is a new log, begun after the old one was lost. */
  readonly epoch: number
  /** The number of entries. */
  readonly size: number
  readonly root: Uint8Array
  /** When it was signed, POSIX milliseconds. */
  readonly issuedTs: number
}

/** A signed head (PROTOCOL section 9). */
export interface LogHead extends HeadFacts {
  /** From when on it is stale, POSIX milliseconds. */
  readonly validUntilTs: number
  /** With every field as received, `unsigned` excepted. */
  readonly json: JsonObject
}

/** Why a head is not accepted. */
export type HeadRefusalReason =
  /** It is no head: a field is missing or wrong, or a signature is not good. */
  | 'bad_head'
  /** It is the head of another server's log. */
  | 'wrong_server'
  /** It was issued more than 10 minutes from now: one of the two clocks is wrong. */
  | 'future_head'
  /** No known key signed it: the keys given may be out of date. */
  | 'unsigned_head'

/** What is thought of a head. */
export type HeadVerdict =
  | { readonly verified: true; readonly head: LogHead }
  /** `message` says more, for people. */
  | { readonly verified: false; readonly reason: HeadRefusalReason; readonly message: string }

/** What a head is held against. */
export interface HeadTrust {
  /** The present keys of the log's server, by key id. */
  readonly keys: ReadonlyMap<string, PublicKey>
  /** The present, POSIX milliseconds. */
  readonly nowTs: number
}

/**
 * Signs a head with all keys given, valid for 7 days.
 *
 * @param keys - the active ones of the server, at least one.
 */
export function signHead({ serverName, epoch, size, root, issuedTs }: HeadFacts, keys: readonly LoadedKey[]): LogHead {
  const unsigned = {
    type: HEAD_TYPE,
    server_name: serverName,
    epoch,
    size,
    root: encodeBase64(root),
    issued_ts: issuedTs,
    valid_until_ts: issuedTs + HEAD_LIFETIME_MS,
  }
  return readHead(signAs(unsigned, serverName, keys))
}

/**
 * Reads a head and checks its form; not its signatures.
 *
 * @param value - read by `parseStrict`.
 * @throws FederationError `invalid_log_head`, whose message names the field.
 */
export function readHead(value: JsonValue | undefined): LogHead {
  if (!isJsonObject(value)) throw refusal('it must be an object')
  const { unsigned: _unsigned, ...json } = value
  if (encodeCanonical(json).length > MAX_HEAD_BYTES) throw refusal(`it has more than ${MAX_HEAD_BYTES} bytes`)
  const { type, server_name: serverName, epoch, size, issued_ts: issuedTs, valid_until_ts: validUntilTs } = json
  const root = hashOf(json.root)
  if (type !== HEAD_TYPE) throw refusal(`type must be ${HEAD_TYPE}`)
  if (typeof serverName !== 'string') throw refusal('server_name must be text')
  if (!isCount(epoch) || epoch === 0) throw refusal('epoch must be a whole number from 1 on')
  if (!isCount(size)) throw refusal('size must be a whole number from 0 on')
  if (root === undefined) throw refusal('root must be base64 of 32 bytes')
  if (!isCount(issuedTs)) throw refusal('issued_ts must be a time in milliseconds')
  if (!isCount(validUntilTs) || validUntilTs <= issuedTs || validUntilTs - issuedTs > HEAD_LIFETIME_MS) {
    throw refusal('valid_until_ts must be a time after issued_ts, at most 7 days on')
  }
  return { serverName, epoch, size, root, issuedTs, validUntilTs, json }
}

/**
 * Reads a received head and verifies that the server signed it, not long in the future. That it expired is no reason
 * to refuse it: what it covers is stale and still true.
 *
 * @param value - as received, read by `parseStrict`.
 * @param serverName - whose log it must be of.
 */
export function verifyHead(value: JsonValue | undefined, serverName: string, { keys, nowTs }: HeadTrust): HeadVerdict {
  let head: LogHead
  try {
    head = readHead(value)
  } catch (error) {
    return refused('bad_head', reasonOf(error))
  }
  if (head.serverName !== serverName) {
    return refused('wrong_server', `This is the head of another server's log; it should be of ${serverName}.`)
  }
  if (head.issuedTs > nowTs + MAX_AHEAD_MS) {
    const minutes = Math.round((head.issuedTs - nowTs) / 60_000)
    return refused(
      'future_head',
      `The head of ${serverName} was issued ${minutes} minutes from now: its clock or this machine's is wrong.`,
    )
  }
  const verdict = verifyDocument(head.json, serverName, keys)
  if (verdict.verified) return { verified: true, head }
  const reason = verdict.reason === 'unsigned' ? 'unsigned_head' : 'bad_head'
  return refused(reason, `The head of ${serverName} is refused. ${verdict.message}.`)
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && isSize(value)
}

function refused(reason: HeadRefusalReason, message: string): HeadVerdict {
  return { verified: false, reason, message }
}

function refusal(reason: string): FederationError {
  return new FederationError('invalid_log_head', `The head of the log is refused: ${reason}.`)
}
