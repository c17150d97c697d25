import { parallelVerifications, type PublicKey } from '../crypto/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type ParsedDocument,
  parseForVerifying,
  type SignatureVerdict,
  verifyDocument,
  verifyObject,
  verifyObjectInBackground,
} from '../json/index.ts'
import { type KeyAnswer, type KeyEvidence, type KeyFinder, readKeyDocument } from '../keys/index.ts'
import { isServerName, type ServerNameOptions } from '../names/index.ts'
import { isClaimed, readSignedObject, type SignedObject } from './signed-object.ts'
import { refused, type Verdict } from './verdict.ts'

/** The largest thing that is looked at, in bytes: an object that carries another, each 64 KiB (PROTOCOL section 6.1). */
const MAX_RECEIVED_BYTES = 2 * 64 * 1024

/** What a verifier works with. */
export interface VerifierOptions {
  readonly finder: KeyFinder
  /** Keys of release groups that the operator knows, by the group's name. */
  readonly groupKeys: ReadonlyMap<string, PublicKey>
  readonly names: ServerNameOptions
  readonly environment: Environment
}

/** Says whether something is what its origin signed (PROTOCOL sections 2, 5 and 6.1). */
export interface Verifier {
  /**
   * The verdict on a series, a chapter, a mirrored one, or a key document.
   *
   * @param received - raw bytes, or what `parseStrict` made of them. Never throws for what it is given.
   */
  verify(received: Uint8Array | JsonValue): Promise<Verdict>
  /** The verdicts on many, in their order, on all cores. */
  verifyAll(received: readonly (Uint8Array | JsonValue)[]): Promise<Verdict[]>
}

/** Checks the signatures of an object, here or on another core. */
type SignatureChecker = (
  object: JsonObject,
  keys: ReadonlyMap<string, PublicKey>,
  signed?: Uint8Array,
) => SignatureVerdict | Promise<SignatureVerdict>

/** A known key that may have signed an object, and on whose word. */
interface Candidate {
  readonly key: PublicKey
  readonly evidence: KeyEvidence
}

/** Builds the verifier. */
export function createVerifier({ finder, groupKeys, names, environment }: VerifierOptions): Verifier {
  async function judge(received: Uint8Array | JsonValue, check: SignatureChecker): Promise<Verdict> {
    try {
      const parsed =
        received instanceof Uint8Array ? parseBounded(received) : { value: received, signedBytes: undefined }
      return isKeyDocument(parsed.value)
        ? await verifyKeyDocument(parsed.value)
        : await verifyCatalogObject(parsed, 0, check)
    } catch (error) {
      if (error instanceof FederationError && error.status === 400) return refused('malformed', error.message)
      throw error
    }
  }

  async function verifyCatalogObject(
    { value, signedBytes }: ParsedDocument,
    level: number,
    check: SignatureChecker,
  ): Promise<Verdict> {
    const object = readSignedObject(value, names)
    if (!object.origin) return verifyLevel(object, signedBytes, check)
    if (level > 0)
      return refused('bad_origin', 'An object that is mirrored must not mirror another one.', aboutOf(object))
    const origin = await verifyCatalogObject({ value: object.origin, signedBytes: undefined }, level + 1, check)
    const own = await verifyLevel(object, signedBytes, check)
    if (!own.authentic || origin.authentic) return { ...own, origin }
    const message = `The mirrored object of ${origin.serverName ?? 'an unknown server'} is not authentic: ${origin.message}`
    return { ...refused('bad_origin', message, aboutOf(object)), origin }
  }

  async function verifyLevel(
    object: SignedObject,
    signed: Uint8Array | undefined,
    check: SignatureChecker,
  ): Promise<Verdict> {
    const about = aboutOf(object)
    const { candidates, faults } = await candidatesFor(object, about.madeTs)
    const contradicted = Array.from(candidates).find(
      ([keyId, { key, evidence }]) => evidence.source !== 'pinned' && !isClaimed(object.claimedKeys.get(keyId), key),
    )
    if (contradicted) {
      return refused(
        'bad_signature',
        `The object claims another key for ${contradicted[0]} than ${object.serverName} has.`,
        about,
      )
    }
    const verdict = await check(object.json, keysOf(candidates), signed)
    if (verdict.verified) {
      const evidence = evidenceOf(verdict.good, candidates)
      return {
        authentic: true,
        reason: 'authentic',
        message: `This is what ${signersIn(evidence)} signed.`,
        ...about,
        evidence,
      }
    }
    if (verdict.reason === 'bad_signature') {
      return refused('bad_signature', `${verdict.message}: the object was altered, or somebody else signed it.`, about)
    }
    const [fault] = faults
    return fault
      ? refused(fault.missing, `${fault.message}.`, about)
      : refused('unsigned', `No key of ${object.serverName} signed this.`, about)
  }

  async function candidatesFor(
    object: SignedObject,
    madeTs: number,
  ): Promise<{ candidates: Map<string, Candidate>; faults: Extract<KeyAnswer, { missing: string }>[] }> {
    const candidates = new Map<string, Candidate>()
    const faults: Extract<KeyAnswer, { missing: string }>[] = []
    for (const [keyId, claimed] of object.claimedKeys) {
      const pinned = pinnedKey(keyId, claimed)
      const answer = pinned ?? (await finder.find(object.serverName, keyId, madeTs))
      if ('key' in answer) candidates.set(keyId, answer)
      else faults.push(answer)
    }
    // A release group's key is no key of the server: that it is unknown says nothing while another signature counts.
    return { candidates, faults: faults.sort((a, b) => gravity(b) - gravity(a)) }
  }

  /** A release group signs with a key of its own, which nobody vouches for but the operator who pinned it. */
  function pinnedKey(keyId: string, claimed: Uint8Array | undefined): Candidate | undefined {
    for (const [group, key] of groupKeys) {
      if (!isClaimed(claimed, key)) continue
      return { key, evidence: { keyId, serverName: group, source: 'pinned', toldBy: [], firstSeenTs: undefined } }
    }
    return undefined
  }

  async function verifyKeyDocument(json: JsonObject): Promise<Verdict> {
    const { server_name: serverName } = json
    if (typeof serverName !== 'string' || !isServerName(serverName, names)) {
      throw new FederationError('invalid_key_document', 'The server_name of this key document is no server name.')
    }
    const madeTs = environment.now()
    const document = readKeyDocument(json, serverName)
    const answers = await Promise.all(
      Array.from(document.verifyKeys, async ([keyId, key]) => ({
        key,
        answer: await finder.find(serverName, keyId, madeTs),
      })),
    )
    const known = new Map<string, Candidate>()
    for (const { key, answer } of answers) {
      if (!('key' in answer)) continue
      if (!isClaimed(key.bytes, answer.key)) {
        return refused('key_conflict', `${serverName} has another key under ${answer.evidence.keyId}.`, {
          serverName,
          madeTs,
        })
      }
      known.set(answer.evidence.keyId, answer)
    }
    // It brings along the keys that it is signed with; whose it is shows only a signature by one that was known.
    const verdict = verifyDocument(json, serverName, keysOf(known))
    if (!verdict.verified) {
      const fault = answers.map(({ answer }) => answer).find((answer) => 'missing' in answer)
      return refused(fault?.missing ?? 'unsigned', `${fault?.message ?? verdict.message}.`, { serverName, madeTs })
    }
    return {
      authentic: true,
      reason: 'authentic',
      message: `These are keys of ${serverName}.`,
      serverName,
      madeTs,
      evidence: evidenceOf(verdict.good, known),
    }
  }

  function aboutOf({ serverName, updatedTs }: SignedObject): { serverName: string; madeTs: number } {
    return { serverName, madeTs: updatedTs ?? environment.now() }
  }

  return {
    verify: (received) => judge(received, verifyObject),
    async verifyAll(received) {
      const verdicts: Verdict[] = []
      const waiting = received.entries()
      // So many are under way that all cores are busy, and one more is read meanwhile.
      const lane = async (): Promise<void> => {
        for (const [index, object] of waiting) verdicts[index] = await judge(object, verifyObjectInBackground)
      }
      await Promise.all(Array.from({ length: parallelVerifications + 1 }, lane))
      return verdicts
    },
  }
}

function parseBounded(bytes: Uint8Array): ParsedDocument {
  if (bytes.byteLength <= MAX_RECEIVED_BYTES) return parseForVerifying(bytes)
  throw new FederationError('invalid_json', `This is longer than ${MAX_RECEIVED_BYTES} bytes, which no object is.`)
}

function keysOf(candidates: ReadonlyMap<string, Candidate>): Map<string, PublicKey> {
  return new Map(Array.from(candidates, ([keyId, { key }]) => [keyId, key]))
}

function evidenceOf(keyIds: readonly string[], candidates: ReadonlyMap<string, Candidate>): KeyEvidence[] {
  return keyIds.flatMap((keyId) => candidates.get(keyId)?.evidence ?? [])
}

/** Servers, and release groups whose keys are pinned. */
function signersIn(evidence: readonly KeyEvidence[]): string {
  return [...new Set(evidence.map(({ serverName }) => serverName))].join(' and ')
}

function isKeyDocument(json: JsonValue): json is JsonObject {
  return isJsonObject(json) && Object.hasOwn(json, 'verify_keys')
}

/** Which of several faults is told: a conflict outweighs everything, an unknown key nothing. */
function gravity({ missing }: Extract<KeyAnswer, { missing: string }>): number {
  return ['unknown_key', 'unreachable', 'key_not_valid_then', 'key_conflict'].indexOf(missing)
}
