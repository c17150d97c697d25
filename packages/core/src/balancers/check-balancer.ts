import { sameBytes } from '../bytes.ts'
import { encodeCursor } from '../catalog/index.ts'
import type { PublicKey } from '../crypto/index.ts'
import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { reasonOf } from '../errors.ts'
import type { JsonValue } from '../json/index.ts'
import { type KeyRing, MAX_KEY_DOCUMENT_BYTES, type OwnKeys, readKeyDocument } from '../keys/index.ts'
import { type LogHead, type LogReader, MAX_HEAD_BYTES, verifyHead } from '../log/index.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import type { CatalogQuery, CatalogStore } from '../store/index.ts'
import { askBalancer, type Question, Shortcoming } from './ask-balancer.ts'
import type { BalancerFault } from './balancer-state.ts'
import { checkHead } from './check-head.ts'
import { checkObjects } from './check-objects.ts'
import { ownPublicKeys } from './own-public-keys.ts'
import { drawSample, SAMPLE_PAGE_OBJECTS } from './sample.ts'

/** A page of objects of 64 KiB each (PROTOCOL section 6.1), with what stands between them. */
const MAX_SAMPLE_PAGE_BYTES = SAMPLE_PAGE_OBJECTS * 64 * 1024 + 1024

/** What a look at a load balancer works with. */
export interface BalancerCheckOptions {
  /** This server's. */
  readonly serverName: string
  readonly keys: OwnKeys
  readonly client: HttpClient
  readonly ring: Pick<KeyRing, 'remembered'>
  readonly catalog: Pick<CatalogStore, 'list'>
  readonly logReader: LogReader
  readonly environment: Environment
  /** From 0 up to 1: nobody may guess what is looked at. */
  readonly random: () => number
}

/**
 * Looks whether a load balancer holds the entire catalog of this server, by five requests at most: its head, its keys,
 * and pages of its listings, as readers ask for them.
 *
 * @returns what is wrong; undefined when nothing is.
 * @throws FederationError for this server's own faults: `closed`, `store_damaged`.
 */
export async function checkBalancer(
  balancer: string,
  options: BalancerCheckOptions,
): Promise<BalancerFault | undefined> {
  const { serverName, client, logReader, environment } = options
  try {
    const answer = await askBalancer(client, {
      url: `${balancer}/manga/log/origin/${encodeServerNameSegment(serverName)}/head`,
      what: 'the head of the log that it mirrors',
      maxBytes: MAX_HEAD_BYTES,
    })
    await requireKeys(balancer, options)
    await checkHead(ownHead(answer, options), { serverName, logReader, nowTs: environment.now() })
    for (const query of await drawSample(options)) {
      const page = await askBalancer(client, questionFor(balancer, query))
      await checkObjects(page, query, { ...options, nowTs: environment.now() })
    }
    return undefined
  } catch (error) {
    if (error instanceof Shortcoming) return error.fault
    throw error
  }
}

/** @throws Shortcoming `E102`; `E101` when it cannot be asked just now, which says nothing about its keys. */
async function requireKeys(balancer: string, { client, ring }: BalancerCheckOptions): Promise<void> {
  const question = { url: `${balancer}/keys`, what: 'its keys', maxBytes: MAX_KEY_DOCUMENT_BYTES }
  const verifyKeys = keysIn(await askForKeys(client, question), balancer)
  const known = await ring.remembered(balancer)
  for (const [keyId, key] of verifyKeys) {
    const bound = known?.bindings.get(keyId)
    if (bound && !sameBytes(bound.publicKey, key.bytes)) {
      throw new Shortcoming('E102', `${balancer}/keys has another key under ${keyId} than it had before.`)
    }
  }
}

async function askForKeys(client: HttpClient, question: Question): Promise<JsonValue> {
  try {
    return await askBalancer(client, question)
  } catch (error) {
    // What it answered is no key document; that it did not answer is told as it is.
    if (!(error instanceof Shortcoming) || error.fault.code === 'E101') throw error
    throw new Shortcoming('E102', `${question.url} has no valid key document.`)
  }
}

function keysIn(json: JsonValue, balancer: string): ReadonlyMap<string, PublicKey> {
  try {
    return readKeyDocument(json, balancer).verifyKeys
  } catch (error) {
    throw new Shortcoming('E102', `${balancer}/keys has no valid key document. ${reasonOf(error)}`)
  }
}

/** @throws Shortcoming `E104` when this server did not sign it. */
function ownHead(answer: JsonValue, { serverName, keys, environment }: BalancerCheckOptions): LogHead {
  const verdict = verifyHead(answer, serverName, { keys: ownPublicKeys(keys), nowTs: environment.now() })
  if (verdict.verified) return verdict.head
  throw new Shortcoming('E104', 'The head that it serves was not signed by this server.')
}

function questionFor(
  balancer: string,
  { origin, kind, seriesId, afterId, limit }: CatalogQuery,
): { readonly url: string; readonly what: string; readonly maxBytes: number } {
  const listing = kind === 'series' ? 'series' : 'chapters'
  const parameters = new URLSearchParams({ limit: String(limit) })
  if (seriesId !== undefined) parameters.set('series_id', seriesId)
  if (afterId !== undefined) parameters.set('cursor', encodeCursor(afterId))
  const url = `${balancer}/manga/${listing}/origin/${encodeServerNameSegment(origin)}?${parameters}`
  return { url, what: `the ${listing} that it mirrors`, maxBytes: MAX_SAMPLE_PAGE_BYTES }
}
