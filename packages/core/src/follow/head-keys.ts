import type { PublicKey } from '../crypto/index.ts'
import type { Environment } from '../environment.ts'
import { isJsonObject, type JsonValue } from '../json/index.ts'
import type { KeyFinder } from '../keys/index.ts'
import type { HeadTrust } from '../log/index.ts'
import { isKeyId } from '../names/index.ts'

/** Signatures of one server that are looked at (PROTOCOL section 2); a head with more is refused anyway. */
const MAX_SIGNATURES = 16

/** What is needed to find them. */
export interface HeadKeyOptions {
  readonly finder: Pick<KeyFinder, 'find'>
  readonly environment: Pick<Environment, 'now'>
}

/**
 * Finds the keys that a received head claims to be signed with: those that its server had when it was issued, on its
 * own word, or on that of witnesses when it is gone.
 *
 * @param head - as received; whatever it is.
 * @returns what the head is to be held against, and why keys are missing, in words.
 */
export async function findHeadKeys(
  head: JsonValue | undefined,
  serverName: string,
  { finder, environment }: HeadKeyOptions,
): Promise<{ readonly trust: HeadTrust; readonly missing: string | undefined }> {
  const keys = new Map<string, PublicKey>()
  let missing: string | undefined
  for (const keyId of keyIdsOf(head, serverName)) {
    const answer = await finder.find(serverName, keyId, issuedTsOf(head))
    if ('key' in answer) keys.set(keyId, answer.key)
    else missing = answer.message
  }
  return { trust: { keys, nowTs: environment.now() }, missing }
}

function keyIdsOf(head: JsonValue | undefined, serverName: string): string[] {
  const signatures = isJsonObject(head) && isJsonObject(head.signatures) ? head.signatures : {}
  const own = Object.hasOwn(signatures, serverName) ? signatures[serverName] : undefined
  return isJsonObject(own) ? Object.keys(own).slice(0, MAX_SIGNATURES).filter(isKeyId) : []
}

/** A head without a time is refused whatever its keys. */
function issuedTsOf(head: JsonValue | undefined): number {
  return isJsonObject(head) && typeof head.issued_ts === 'number' ? head.issued_ts : 0
}
