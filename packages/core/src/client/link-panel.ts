import { sameBytes } from '../bytes.ts'
import type { PublicKey } from '../crypto/index.ts'
import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { verifyDocument } from '../json/index.ts'
import { documentFor, MAX_ANSWER_BYTES, type WitnessPanel } from '../keys/ask-witnesses.ts'
import { type KeyDocument, readKeyDocument } from '../keys/key-document.ts'
import { effectiveExpiry } from '../keys/key-lifetime.ts'
import type { KeyRing } from '../keys/index.ts'
import type { Logger } from '../logger.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import type { KeyBinding } from '../store/index.ts'
import { fingerprintOf } from './link.ts'
import type { ServerProblem } from './problem.ts'

/** Servers that are asked for the document that a link vouches for. */
const MAX_ASKED = 8

/** What a link says of a server's keys, and who may have its key document. */
export interface Voucher {
  readonly fingerprints: readonly string[]
  /** Server names: the mirrors in the link, and load balancers. */
  readonly holders: readonly string[]
}

/** What the panel works with. */
export interface LinkPanelOptions {
  readonly witnesses: WitnessPanel
  /** What is known of a server by a link; undefined when none was given. */
  readonly voucherFor: (serverName: string) => Promise<Voucher | undefined>
  readonly ring: KeyRing
  readonly client: HttpClient
  readonly environment: Environment
  readonly logger: Logger
}

/**
 * Tells the keys of a server that cannot be reached: by the fingerprint in a link, then by witnesses. A link counts only
 * for a server that never told its keys itself: whoever makes links can claim anything of a server that is known.
 */
export function createLinkPanel(options: LinkPanelOptions): WitnessPanel {
  const { witnesses, voucherFor, ring, client, environment, logger } = options

  async function vouchedFor(serverName: string): Promise<KeyBinding[]> {
    const voucher = await voucherFor(serverName)
    const known = voucher && (await ring.remembered(serverName))
    if (!voucher || known?.document) return []
    const asked = voucher.holders.slice(0, MAX_ASKED)
    const documents = await Promise.all(asked.map((holder) => documentAt(holder, serverName, voucher.fingerprints)))
    const [newest] = documents
      .filter((document) => document !== undefined)
      .toSorted((a, b) => b.validUntilTs - a.validUntilTs)
    return newest ? bindingsOf(newest, voucher.fingerprints, environment.now()) : []
  }

  /** The key document that a server holds of another one, if a key that the link names signed it. */
  async function documentAt(
    holder: string,
    serverName: string,
    fingerprints: readonly string[],
  ): Promise<KeyDocument | undefined> {
    try {
      const url = `${holder}/keys/origin/${encodeServerNameSegment(serverName)}`
      const { status, body } = await client.request('GET', url, {
        headers: { accept: 'application/json' },
        maxBytes: MAX_ANSWER_BYTES,
      })
      if (status !== 200) throw new FederationError('bad_response', `it answered ${status}`)
      const json = documentFor(serverName, body)
      if (!json) throw new FederationError('bad_response', 'it does not know that server')
      const document = readKeyDocument(json, serverName)
      const vouched = new Map([...document.verifyKeys].filter(([, key]) => isVouchedFor(key, fingerprints)))
      const verdict = verifyDocument(json, serverName, vouched)
      if (!verdict.verified) throw new FederationError('bad_response', 'no key that the link names signed its answer')
      return document
    } catch (error) {
      logger.warn({ holder, serverName }, `${holder} does not vouch for ${serverName}: ${reasonOf(error)}`)
      return undefined
    }
  }

  return {
    async ask(serverName, notCounted) {
      const [vouched, witnessed] = await Promise.all([vouchedFor(serverName), witnesses.ask(serverName, notCounted)])
      const byKeyId = new Map(vouched.map((binding) => [binding.keyId, binding]))
      for (const binding of witnessed) {
        const other = byKeyId.get(binding.keyId)
        if (other && !sameBytes(other.publicKey, binding.publicKey)) throw conflict(serverName, binding)
        byKeyId.set(binding.keyId, other ?? binding)
      }
      return [...byKeyId.values()]
    },
  }
}

/**
 * What speaks against a site that shows other keys than a link names: whoever takes over a domain has keys of his own.
 * A site that changed its keys lists the old ones still.
 *
 * @returns nothing where the site's own word was never had, or a link named none.
 */
export async function contradictionOfLink(
  { serverName, fingerprints }: { readonly serverName: string; readonly fingerprints: readonly string[] },
  ring: Pick<KeyRing, 'remembered'>,
): Promise<ServerProblem | undefined> {
  const document = fingerprints.length > 0 ? (await ring.remembered(serverName))?.document : undefined
  if (!document) return undefined
  const shown = [...document.verifyKeys.values(), ...Array.from(document.oldVerifyKeys.values(), ({ key }) => key)]
  if (shown.some((key) => isVouchedFor(key, fingerprints))) return undefined
  const message =
    `The link names another key than ${serverName} shows: it lost its keys, or the domain belongs to somebody else now. ` +
    'Ask whoever gave you the link.'
  return { serverName, reason: 'key_conflict', message, objects: [] }
}

function isVouchedFor(key: PublicKey, fingerprints: readonly string[]): boolean {
  return fingerprints.includes(fingerprintOf(key.bytes))
}

/** All keys of the document: its signature is by the key that the link names. */
function bindingsOf(
  { verifyKeys, oldVerifyKeys, validUntilTs }: KeyDocument,
  fingerprints: readonly string[],
  nowTs: number,
): KeyBinding[] {
  const told = {
    source: 'witness',
    toldBy: fingerprints.map((fingerprint) => `link #k=${fingerprint}`),
    firstSeenTs: nowTs,
    expiredTs: undefined,
  } as const
  const current = Array.from(verifyKeys, ([keyId, key]) => ({
    ...told,
    keyId,
    publicKey: key.bytes,
    validUntilTs: effectiveExpiry(validUntilTs, nowTs),
  }))
  const old = Array.from(oldVerifyKeys, ([keyId, { key, expiredTs }]) => ({
    ...told,
    keyId,
    publicKey: key.bytes,
    validUntilTs: expiredTs - 1,
  }))
  return [...current, ...old]
}

function conflict(serverName: string, { keyId, toldBy }: KeyBinding): FederationError {
  return new FederationError(
    'key_conflict',
    `The link names one key of ${serverName} under ${keyId}, ${toldBy.join(' and ')} another. Neither is believed: ` +
      'ask whoever gave you the link, or the operators of the witnesses.',
  )
}
