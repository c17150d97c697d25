import { type PublicKey, verifySignature } from '../crypto/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type KeysById,
  parsedBefore,
  type ParsedDocument,
  parseForVerifying,
  parseStrict,
  planObject,
  type SignatureVerdict,
  verifyDocument,
} from '../json/index.ts'
import type { KeyAnswer, KeyEvidence, KeyFinder } from '../keys/index.ts'
// Not by its room, whose other files a thread that verifies would load besides.
import { readKeyDocument } from '../keys/key-document.ts'
import { isServerName, type ServerNameOptions } from '../names/index.ts'
import { type Soon, whenAllThere } from './at-once.ts'
import { carryOut, holdAll, inGroups, OBJECTS_TOGETHER, type Plan, settled } from './plan.ts'
import { isClaimed, readSignedObject, type KeyClaim, type SignedObject } from './signed-object.ts'
import { refused, type Verdict } from './verdict.ts'

/** The largest thing that is looked at, in bytes: an object that carries another, each 64 KiB (PROTOCOL section 6.1). */
const MAX_RECEIVED_BYTES = 2 * 64 * 1024

/** What a verifier works with. */
export interface VerifierOptions {
  readonly finder: Pick<KeyFinder, 'find'>
  /** Keys of release groups that the operator knows, by the group's name. */
  readonly groupKeys: ReadonlyMap<string, PublicKey>
  readonly names: ServerNameOptions
  readonly environment: Pick<Environment, 'now'>
}

/** An object that its receiver read and encoded before, as a follower does to hash it. */
export interface EncodedObject {
  readonly json: JsonObject
  /** What `encodeCanonical` made of `json`, or would. */
  readonly bytes: Uint8Array
  /** What `signedBytes` would make of `json`, where it was cut out of the document that it came in. Default: unknown. */
  readonly signedBytes?: Uint8Array | undefined
}

/** Raw bytes as they came, or what `parseStrict` made of them, or that with its canonical bytes. */
export type Received = Uint8Array | JsonValue | EncodedObject

/** Says whether something is what its origin signed (PROTOCOL sections 2, 5 and 6.1). */
export interface Verifier {
  /** The verdict on a series, a chapter, a mirrored one, or a key document. Never throws for what it is given. */
  verify(received: Received): Promise<Verdict>
  /** The verdicts on many, in their order, on all cores. The thread is free again after some milliseconds at most. */
  verifyAll(received: readonly Received[]): Promise<Verdict[]>
}

/** Objects that come one after the other, of which is asked only whether all are what their origins signed. */
export interface VerifyingTogether {
  /** Takes one more, and keeps nothing of it but its signatures. They are checked on all cores, with those before it. */
  add(received: Received): void
  /** Whether every one is authentic. Asked once, when all were added; false also where no keys could be looked up. */
  areAuthentic(): Promise<boolean>
}

/** Begins {@link VerifyingTogether}. */
export interface JointVerifier {
  together(): VerifyingTogether
}

/** A known key that may have signed an object, and on whose word. */
interface Candidate {
  readonly key: PublicKey
  readonly evidence: KeyEvidence
}

/** Whose an object is and when it was made. */
interface About {
  readonly serverName: string
  readonly madeTs: number
}

/** Why there is no key. */
type KeyFault = Extract<KeyAnswer, { missing: string }>

/** Builds the verifier. */
export function createVerifier({ finder, groupKeys, names, environment }: VerifierOptions): Verifier & JointVerifier {
  function plan(received: Received): Soon<Plan> {
    try {
      const planned = planReceived(received)
      return planned instanceof Promise ? planned.catch(malformed) : planned
    } catch (error) {
      return malformed(error)
    }
  }

  function planReceived(received: Received): Soon<Plan> {
    const parsed = parsedFrom(received)
    if (!isKeyDocument(parsed.value)) return planObjectAndOrigin(parsed, 0)
    // Its signatures are checked over what is encoded again, so all of it is read.
    const json = received instanceof Uint8Array ? parseStrict(received) : parsed.value
    return verifyKeyDocument(json as JsonObject).then(settled)
  }

  function planObjectAndOrigin({ value, signedBytes }: ParsedDocument, level: number): Soon<Plan> {
    const object = readSignedObject(value, names)
    if (!object.origin) return planLevel(object, signedBytes)
    if (level > 0) {
      return settled(refused('bad_origin', 'An object that is mirrored must not mirror another one.', aboutOf(object)))
    }
    const origin = planObjectAndOrigin({ value: object.origin, signedBytes: undefined }, level + 1)
    return whenAllThere([origin, planLevel(object, signedBytes)], ([inner, outer]) =>
      joined(inner!, outer!, aboutOf(object)),
    )
  }

  /** @param signed - what the signatures of this level cover; undefined when it has to be encoded. */
  function planLevel(object: SignedObject, signed: Uint8Array | undefined): Soon<Plan> {
    const about = aboutOf(object)
    const answers = object.claims.map(
      (claim) => pinnedKey(claim) ?? finder.find(object.serverName, claim.keyId, about.madeTs),
    )
    return whenAllThere(answers, (found) => planWith(found, object, signed, about))
  }

  function planWith(
    answers: readonly KeyAnswer[],
    { json, serverName, claims }: SignedObject,
    signed: Uint8Array | undefined,
    about: About,
  ): Plan {
    const candidates = new Map<string, Candidate>()
    const faults: KeyFault[] = []
    for (const [index, answer] of answers.entries()) {
      const { keyId, key } = claims[index]!
      if ('missing' in answer) faults.push(answer)
      else if (answer.evidence.source === 'pinned' || isClaimed(key, answer.key)) candidates.set(keyId, answer)
      else
        return settled(
          refused('bad_signature', `The object claims another key for ${keyId} than ${serverName} has.`, about),
        )
    }
    const { checks, verdict } = planObject(json, keysOf(candidates), signed)
    return { checks, conclude: (areGood) => judged(verdict(areGood), candidates, faults, about) }
  }

  /** A release group signs with a key of its own, which nobody vouches for but the operator who pinned it. */
  function pinnedKey({ keyId, key: claimed }: KeyClaim): Candidate | undefined {
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

  function aboutOf({ serverName, updatedTs }: SignedObject): About {
    return { serverName, madeTs: updatedTs ?? environment.now() }
  }

  async function verifyGroup(group: readonly Received[]): Promise<Verdict[]> {
    return whenAllThere(group.map(plan), carryOut)
  }

  function together(): VerifyingTogether {
    const checking: Promise<boolean>[] = []
    let group: Received[] = []
    const checkGroup = (): void => {
      checking.push(isAuthentic(group).catch(() => false))
      group = []
    }
    return {
      add(received) {
        group.push(received)
        if (group.length === OBJECTS_TOGETHER) checkGroup()
      },
      areAuthentic() {
        if (group.length > 0) checkGroup()
        return Promise.all(checking).then((areGood) => !areGood.includes(false))
      },
    }
  }

  async function isAuthentic(group: readonly Received[]): Promise<boolean> {
    return whenAllThere(group.map(plan), holdAll)
  }

  return {
    async verify(received) {
      const planned = plan(received)
      const { checks, conclude } = planned instanceof Promise ? await planned : planned
      return conclude(checks.map(({ key, message, signature }) => verifySignature(key, message, signature)))
    },
    verifyAll: (received) => inGroups(received, verifyGroup),
    together,
  }
}

function parsedFrom(received: Received): ParsedDocument {
  // Metadata are nearly all of an object, and only their signature is of interest here.
  if (received instanceof Uint8Array) return parseForVerifying(bounded(received), 'metadata')
  if (!isEncoded(received)) return { value: received, signedBytes: undefined }
  const { json, bytes, signedBytes } = received
  return signedBytes ? { value: json, signedBytes: bounded(signedBytes) } : parsedBefore(json, bounded(bytes))
}

/** JSON that was parsed holds no byte arrays. */
function isEncoded(received: JsonValue | EncodedObject): received is EncodedObject {
  return (
    typeof received === 'object' && received !== null && 'bytes' in received && received.bytes instanceof Uint8Array
  )
}

function bounded(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength <= MAX_RECEIVED_BYTES) return bytes
  throw new FederationError('invalid_json', `This is longer than ${MAX_RECEIVED_BYTES} bytes, which no object is.`)
}

function malformed(error: unknown): Plan {
  if (error instanceof FederationError && error.status === 400) return settled(refused('malformed', error.message))
  throw error
}

/** The plan for an object and for the one that it mirrors. */
function joined(inner: Plan, outer: Plan, about: About): Plan {
  return {
    checks: [...inner.checks, ...outer.checks],
    conclude(areGood) {
      const origin = inner.conclude(areGood.slice(0, inner.checks.length))
      const own = outer.conclude(areGood.slice(inner.checks.length))
      if (!own.authentic || origin.authentic) return { ...own, origin }
      const message = `The mirrored object of ${origin.serverName ?? 'an unknown server'} is not authentic: ${origin.message}`
      return { ...refused('bad_origin', message, about), origin }
    },
  }
}

/** What the signatures of one level mean, whose keys were found or not. */
function judged(
  verdict: SignatureVerdict,
  candidates: ReadonlyMap<string, Candidate>,
  faults: readonly KeyFault[],
  about: About,
): Verdict {
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
  // A release group's key is no key of the server: that it is unknown says nothing while another signature counts.
  const [gravest] = faults.toSorted((a, b) => gravity(b) - gravity(a))
  return gravest
    ? refused(gravest.missing, `${gravest.message}.`, about)
    : refused('unsigned', `No key of ${about.serverName} signed this.`, about)
}

/** The keys of candidates, without a second map: one would be made for each object. */
function keysOf(candidates: ReadonlyMap<string, Candidate>): KeysById {
  return { get: (keyId) => candidates.get(keyId)?.key }
}

function evidenceOf(keyIds: readonly string[], candidates: ReadonlyMap<string, Candidate>): KeyEvidence[] {
  return keyIds.flatMap((keyId) => candidates.get(keyId)?.evidence ?? [])
}

/** Servers, and release groups whose keys are pinned. */
function signersIn(evidence: readonly KeyEvidence[]): string {
  if (evidence.length === 1) return evidence[0]!.serverName
  return [...new Set(evidence.map(({ serverName }) => serverName))].join(' and ')
}

function isKeyDocument(json: JsonValue): json is JsonObject {
  return isJsonObject(json) && Object.hasOwn(json, 'verify_keys')
}

/** Which of several faults is told: a conflict outweighs everything, an unknown key nothing. */
function gravity({ missing }: KeyFault): number {
  return ['unknown_key', 'unreachable', 'key_not_valid_then', 'key_conflict'].indexOf(missing)
}
