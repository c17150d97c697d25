import { getDomain } from 'tldts'
import { sameBytes } from '../bytes.ts'
import type { PublicKey } from '../crypto/index.ts'
import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { isJsonObject, type JsonObject, parseStrict, verifyDocument } from '../json/index.ts'
import type { Logger } from '../logger.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import type { KeyBinding } from '../store/index.ts'
import { type KeyDocument, MAX_KEY_DOCUMENT_BYTES, readKeyDocument } from './key-document.ts'
import { effectiveExpiry } from './key-lifetime.ts'
import type { KeyRing } from './key-ring.ts'

/** The longest answer of a witness that is read, in bytes: the document, and as much again around it. */
export const MAX_ANSWER_BYTES: number = 2 * MAX_KEY_DOCUMENT_BYTES

/** A server that this one asks for the keys of others. */
export interface ConfiguredWitness {
  readonly serverName: string
  /** Its keys as the operator knows them, by key id. Without any, those count that it gives directly. */
  readonly pinned: ReadonlyMap<string, PublicKey>
}

/** What asking works with. */
export interface WitnessPanelOptions {
  readonly witnesses: readonly ConfiguredWitness[]
  /** How many witnesses must agree, at least 1. */
  readonly quorum: number
  readonly ring: KeyRing
  readonly client: HttpClient
  readonly environment: Environment
  readonly logger: Logger
}

/** The witnesses that this server's operator chose (PROTOCOL section 5.3). */
export interface WitnessPanel {
  /**
   * Asks all witnesses for a server that cannot be reached.
   *
   * @param notCounted - server names whose word does not count: load balancers that the server chose itself.
   * @returns the keys that enough of them agree on; none when too few answered.
   * @throws FederationError `key_conflict` when one of them tells another key than the others for a key id.
   */
  ask(serverName: string, notCounted: ReadonlySet<string>): Promise<KeyBinding[]>
}

/** What one witness said. */
interface Testimony {
  readonly witness: string
  readonly document: KeyDocument
}

/** A key as one witness told of it. */
interface ToldKey {
  readonly keyId: string
  readonly key: PublicKey
  /** The last moment at which it was valid, as far as this witness knows, POSIX milliseconds. */
  readonly untilTs: number
  readonly isRetired: boolean
  readonly witness: string
}

/** Builds the panel of witnesses. */
export function createWitnessPanel(options: WitnessPanelOptions): WitnessPanel {
  const { witnesses, quorum, client, ring, environment, logger } = options

  async function testimonyOf(witness: ConfiguredWitness, serverName: string): Promise<Testimony | undefined> {
    try {
      const { status, body } = await client.request(
        'GET',
        `${witness.serverName}/keys/origin/${encodeServerNameSegment(serverName)}`,
        { headers: { accept: 'application/json' }, maxBytes: MAX_ANSWER_BYTES },
      )
      if (status !== 200) throw new FederationError('bad_response', `it answered ${status}`)
      const json = documentFor(serverName, body)
      if (!json) return undefined
      requireSignature(json, witness.serverName, await keysOf(witness))
      return { witness: witness.serverName, document: readKeyDocument(json, serverName) }
    } catch (error) {
      logger.warn(
        { witness: witness.serverName, serverName },
        `the witness ${witness.serverName} is not counted: ${reasonOf(error)}`,
      )
      return undefined
    }
  }

  async function keysOf({ serverName, pinned }: ConfiguredWitness): Promise<ReadonlyMap<string, PublicKey>> {
    if (pinned.size > 0) return pinned
    const known = await ring.current(serverName)
    return known?.document?.verifyKeys ?? new Map()
  }

  return {
    async ask(serverName, notCounted) {
      const jury = independentOf(serverName, witnesses, notCounted)
      const answers = await Promise.all(jury.map((witness) => testimonyOf(witness, serverName)))
      const testimonies = answers.filter((testimony) => testimony !== undefined)
      const toldKeys = testimonies.flatMap((testimony) => keysToldBy(testimony, environment.now()))
      const keyIds = new Set(toldKeys.map(({ keyId }) => keyId))
      return [...keyIds].flatMap((keyId) => {
        const tellings = toldKeys.filter((told) => told.keyId === keyId)
        return agreement(serverName, tellings, quorum, environment.now())
      })
    },
  }
}

/** Witnesses that have a say about a server: neither itself nor whoever its owner also owns or chose. */
function independentOf(
  serverName: string,
  witnesses: readonly ConfiguredWitness[],
  notCounted: ReadonlySet<string>,
): ConfiguredWitness[] {
  const owner = voiceOf(serverName)
  return witnesses.filter((witness) => !notCounted.has(witness.serverName) && voiceOf(witness.serverName) !== owner)
}

/** Who owns a server or a site, by its URL: the registrable domain; host and port where there is none, as on loopback. */
export function voiceOf(url: string): string {
  const { hostname, host } = new URL(url)
  return getDomain(hostname, { allowPrivateDomains: true }) ?? host
}

/**
 * The document of one server in the answer of a witness; not verified.
 *
 * @throws FederationError `invalid_json`, `bad_response`.
 */
export function documentFor(serverName: string, body: Uint8Array): JsonObject | undefined {
  const answer = parseStrict(body)
  const documents = isJsonObject(answer) ? answer.server_keys : undefined
  if (!Array.isArray(documents)) throw new FederationError('bad_response', 'its answer has no server_keys')
  return documents.filter(isJsonObject).find((document) => document.server_name === serverName)
}

function requireSignature(json: JsonObject, witness: string, keys: ReadonlyMap<string, PublicKey>): void {
  const verdict = verifyDocument(json, witness, keys)
  if (!verdict.verified) throw new FederationError('bad_response', `its own signature: ${verdict.message}`)
}

function keysToldBy({ witness, document }: Testimony, now: number): ToldKey[] {
  const untilTs = effectiveExpiry(document.validUntilTs, now)
  const current = Array.from(document.verifyKeys, ([keyId, key]) => ({
    keyId,
    key,
    untilTs,
    isRetired: false,
    witness,
  }))
  const old = Array.from(document.oldVerifyKeys, ([keyId, { key, expiredTs }]) => ({
    keyId,
    key,
    untilTs: expiredTs - 1,
    isRetired: true,
    witness,
  }))
  return [...current, ...old]
}

/**
 * One key id, as all witnesses told of it: byte-identical keys of at least `quorum`, and no other key from any. One
 * owner has one voice, however many servers he runs; a contradiction counts from each of them.
 */
function agreement(serverName: string, tellings: readonly ToldKey[], quorum: number, now: number): KeyBinding[] {
  const [first, ...others] = tellings
  if (!first) return []
  const differing = others.filter(({ key }) => !sameBytes(key.bytes, first.key.bytes))
  if (differing.length > 0) throw conflict(serverName, tellings, first)
  if (new Set(tellings.map(({ witness }) => voiceOf(witness))).size < quorum) return []
  return [
    {
      keyId: first.keyId,
      publicKey: first.key.bytes,
      source: 'witness',
      toldBy: tellings.map(({ witness }) => witness),
      firstSeenTs: now,
      validUntilTs: witnessedUntil(tellings, quorum),
      // An end is for ever, so only the server itself can tell of it; a witness that lies does no lasting harm.
      expiredTs: undefined,
    },
  ]
}

/** The furthest validity that `quorum` witnesses vouch for; not beyond the retirement that any of them tells of. */
function witnessedUntil(tellings: readonly ToldKey[], quorum: number): number {
  const untilByVoice = new Map<string, number>()
  for (const { witness, untilTs } of tellings) {
    const voice = voiceOf(witness)
    untilByVoice.set(voice, Math.max(untilTs, untilByVoice.get(voice) ?? 0))
  }
  const furthestFirst = [...untilByVoice.values()].sort((a, b) => b - a)
  const retirements = tellings.filter(({ isRetired }) => isRetired).map(({ untilTs }) => untilTs)
  return Math.min(furthestFirst[quorum - 1] ?? 0, ...retirements)
}

/** Never a majority: who disagrees is named, and a person decides. */
function conflict(serverName: string, tellings: readonly ToldKey[], first: ToldKey): FederationError {
  const [agreeing, disagreeing] = [true, false].map((same) =>
    tellings
      .filter(({ key }) => sameBytes(key.bytes, first.key.bytes) === same)
      .map(({ witness }) => witness)
      .join(' and '),
  )
  return new FederationError(
    'key_conflict',
    `The witnesses disagree about ${first.keyId} of ${serverName}: ${agreeing} tell one key, ${disagreeing} another. ` +
      'One side lies or was lied to, so neither is believed. Ask the operators, or remove the witness that you no longer trust.',
  )
}
