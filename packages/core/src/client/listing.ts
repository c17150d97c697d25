import { encodeCursor, MAX_OBJECT_BYTES } from '../catalog/index.ts'
import { compareCodePoints } from '../code-point-order.ts'
import type { HttpClient } from '../egress/index.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { nextPage } from '../follow/listing-answer.ts'
import { elementsOf } from '../follow/listing-elements.ts'
import { idOfElement } from '../follow/listing-object.ts'
import { type ReceivedObject, readReceivedObject } from '../follow/received-object.ts'
import { parseStrict } from '../json/index.ts'
import { encodeServerNameSegment } from '../names/index.ts'
import type { ObjectKind } from '../store/index.ts'

/** The longest answer that is read: a server without pages sends everything, some 10,000 objects. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/** Elements of one answer that are looked at. */
const MAX_ELEMENTS = 50_000

/** The time for one answer, so that the next server is asked before a person gives up. */
const TIMEOUT_MS = 10_000

/** The longest element that is looked at: an object that carries another one, and white space. */
const MAX_ELEMENT_BYTES = 3 * MAX_OBJECT_BYTES

/** Which objects are wanted. */
export interface Listing {
  readonly kind: ObjectKind
  /** Of chapters, whose; undefined for all. */
  readonly seriesId: string | undefined
  /** Goes on after this id. */
  readonly afterId: string | undefined
  /** At most this many, 1 to 1,000. */
  readonly limit: number
  /** Only those with this text in a title. */
  readonly q: string | undefined
  /** Only those in this language. */
  readonly locale: string | undefined
}

/** An element that is no object of the catalog, whoever signed it. */
export interface BrokenElement {
  readonly id: string | undefined
  readonly message: string
}

/** A part of a listing as a server gave it, by id; no signature was checked. */
export interface ListedObjects {
  readonly objects: readonly ReceivedObject[]
  readonly broken: readonly BrokenElement[]
  /** The last id that this part reaches; undefined when it reaches the listing's end. */
  readonly untilId: string | undefined
}

/** Which server is asked, and how. */
export interface ListingSource {
  readonly client: HttpClient
  /** The server that is asked. */
  readonly askedName: string
  /** The server whose catalog it is. */
  readonly serverName: string
  /** Asks that no cache on the way answers. */
  readonly pastCaches: boolean
}

/**
 * Asks a server for a part of a listing. Servers without pages send everything, of which the part is cut.
 *
 * @throws FederationError what {@link HttpClient.request} throws; `bad_response`.
 */
export async function askListing(listing: Listing, source: ListingSource): Promise<ListedObjects> {
  const { client, askedName, pastCaches } = source
  const answer = await client.request('GET', urlOf(listing, source), {
    headers: { accept: 'application/json', ...(pastCaches ? { 'cache-control': 'no-cache' } : {}) },
    maxBytes: MAX_ANSWER_BYTES,
    timeoutMs: TIMEOUT_MS,
  })
  if (answer.status !== 200) {
    throw new FederationError('bad_response', `${askedName} answered ${answer.status} when asked for its listing`)
  }
  return partOf(listing, readElements(listing, answer.body), nextPage(answer, askedName) !== undefined)
}

function urlOf(
  { kind, seriesId, afterId, limit, q, locale }: Listing,
  { askedName, serverName }: ListingSource,
): string {
  const parameters = Object.entries({
    series_id: seriesId,
    limit: String(limit),
    cursor: afterId === undefined ? undefined : encodeCursor(afterId),
    q,
    locale,
  }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  // The primary's own routes are those that every server has; all chapters at once only the other ones list.
  const isOwn = askedName === serverName && (kind === 'series' || seriesId !== undefined)
  const place = isOwn ? '' : `/origin/${encodeServerNameSegment(serverName)}`
  return `${askedName}/manga/${kind === 'series' ? 'series' : 'chapters'}${place}?${new URLSearchParams(parameters)}`
}

/** The elements of an answer: objects by id, the first of each, and what is none. */
function readElements(
  listing: Listing,
  body: Uint8Array,
): { readonly objects: Map<string, ReceivedObject>; readonly broken: BrokenElement[] } {
  const objects = new Map<string, ReceivedObject>()
  const broken: BrokenElement[] = []
  let count = 0
  for (const element of elementsOf(body)) {
    if (++count > MAX_ELEMENTS) throw new FederationError('bad_response', `It lists more than ${MAX_ELEMENTS} objects`)
    try {
      const object = readElement(listing, element)
      if (!objects.has(object.id)) objects.set(object.id, object)
    } catch (error) {
      broken.push({ id: idOfElement(element), message: reasonOf(error) })
    }
  }
  return { objects, broken }
}

function readElement({ kind, seriesId }: Listing, element: Uint8Array): ReceivedObject {
  if (element.byteLength > MAX_ELEMENT_BYTES) throw refusal(`It has ${element.byteLength} bytes, which no object has.`)
  const object = readReceivedObject(kind, parseStrict(element))
  if (seriesId === undefined || object.seriesId === seriesId) return object
  throw refusal(`It is no chapter of the series ${JSON.stringify(seriesId)}.`)
}

function partOf(
  { afterId, limit }: Listing,
  { objects, broken }: ReturnType<typeof readElements>,
  isContinued: boolean,
): ListedObjects {
  const following = [...objects.values()]
    .filter(({ id }) => isAfter(id, afterId))
    .sort((a, b) => compareCodePoints(a.id, b.id))
  const part = following.slice(0, limit)
  if (following.length > limit) {
    const untilId = part.at(-1)!.id
    return { objects: part, broken: broken.filter(({ id }) => id === undefined || !isAfter(id, untilId)), untilId }
  }
  if (!isContinued) return { objects: part, broken, untilId: undefined }
  const untilId = [...part, ...broken]
    .flatMap(({ id }) => id ?? [])
    .sort(compareCodePoints)
    .at(-1)
  if (untilId !== undefined && isAfter(untilId, afterId)) return { objects: part, broken, untilId }
  throw new FederationError('bad_response', 'It says that its listing goes on, and shows nothing of it')
}

/** Whether an id stands behind another one in a listing; everything does behind none. */
export function isAfter(id: string, afterId: string | undefined): boolean {
  return afterId === undefined || compareCodePoints(id, afterId) > 0
}

function refusal(message: string): FederationError {
  return new FederationError('invalid_record', message)
}
