import { sameBytes } from '../bytes.ts'
import { compareCodePoints } from '../code-point-order.ts'
import {
  encodeCanonical,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseStrict,
  verifyObject,
} from '../json/index.ts'
import type { OwnKeys } from '../keys/index.ts'
import { type LogReader, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES, readEntry } from '../log/index.ts'
import type { CatalogQuery, CatalogStore } from '../store/index.ts'
import { Shortcoming } from './ask-balancer.ts'
import { ALLOWED_LAG_MS } from './check-head.ts'
import { ownPublicKeys } from './own-public-keys.ts'

/** What served objects are held against. */
export interface ObjectCheckOptions {
  readonly keys: OwnKeys
  readonly catalog: Pick<CatalogStore, 'list'>
  readonly logReader: LogReader
  readonly nowTs: number
}

/** An object of a listing. */
interface Listed {
  readonly id: string
  readonly json: JsonObject
}

/**
 * Checks that a served page of a listing is the one that this server has, byte for byte. What changed within the
 * allowed lag may be served as it was.
 *
 * @param answer - the page.
 * @param query - what was asked for, of this server's own catalog.
 * @throws Shortcoming `E100`, `E103` or `E104`.
 */
export async function checkObjects(answer: JsonValue, query: CatalogQuery, options: ObjectCheckOptions): Promise<void> {
  const served = listedOf(answer, query.limit)
  // Read after the answer came, so that it is never the older of the two.
  const own = await options.catalog.list(query)
  const end = smallest([lastOfFull(served, query.limit), lastOfFull(own, query.limit)])
  const isCovered = ({ id }: { readonly id: string }): boolean => end === undefined || compareCodePoints(id, end) <= 0
  const ownById = new Map(own.map(({ id, bytes }) => [id, bytes]))
  const covered = served.filter(isCovered)
  for (const object of covered) requireSame(object, ownById.get(object.id), options)
  const added = covered.find(({ id }) => !ownById.has(id))
  if (added) await requireDeletedLately(added, query, options)
  const servedIds = new Set(served.map(({ id }) => id))
  const missing = own.find(
    (object) => isCovered(object) && !servedIds.has(object.id) && !isRecent(object.bytes, options),
  )
  if (missing) throw new Shortcoming('E103', `It does not list the ${query.kind} ${nameOf(missing.id)}.`)
}

/** @throws Shortcoming `E104`. */
function listedOf(answer: JsonValue, limit: number): Listed[] {
  if (!Array.isArray(answer)) throw new Shortcoming('E104', 'What it lists is not an array.')
  if (answer.length > limit) throw new Shortcoming('E104', 'It lists more than it is asked for.')
  return answer.map((item) => {
    if (!isJsonObject(item) || typeof item.id !== 'string') throw new Shortcoming('E104', 'What it lists has no id.')
    const { unsigned: _unsigned, ...json } = item
    return { id: item.id, json }
  })
}

/**
 * One that differs was signed by this server, and changed within the allowed lag.
 *
 * @param own - what this server has; undefined when it does not list it.
 */
function requireSame({ id, json }: Listed, own: Uint8Array | undefined, options: ObjectCheckOptions): void {
  if (own && sameBytes(encodeCanonical(json), own)) return
  if (!isOwn(json, options.keys))
    throw new Shortcoming('E104', `It serves ${nameOf(id)}, which this server never signed so.`)
  if (own && !isRecent(own, options)) throw new Shortcoming('E100', `It serves an old revision of ${nameOf(id)}.`)
}

/** One that this server does not list was deleted within the allowed lag: else the copy is old. */
async function requireDeletedLately(
  { id }: Listed,
  { origin, kind }: CatalogQuery,
  { logReader, nowTs }: ObjectCheckOptions,
): Promise<void> {
  const size = (await logReader.head(origin))?.size ?? 0
  const since = Math.max(0, size - MAX_PAGE_ENTRIES)
  const page = await logReader.page(origin, { since, limit: MAX_PAGE_ENTRIES, maxBytes: MAX_PAGE_BYTES })
  const headers = page.entries.map(({ bytes }) => readEntry(parseStrict(bytes)).header)
  const deletion = headers.findLast((header) => header.kind === kind && header.id === id)
  // Where more changed lately than is looked at, it is given the benefit of the doubt.
  const ts = deletion?.ts ?? (since > 0 ? headers[0]?.ts : undefined) ?? 0
  if (nowTs - ts > ALLOWED_LAG_MS) throw new Shortcoming('E100', `It serves ${nameOf(id)}, which was deleted.`)
}

/** Whether this server signed it, whenever that was. */
function isOwn(json: JsonObject, keys: OwnKeys): boolean {
  return json.server === keys.serverName && verifyObject(json, ownPublicKeys(keys)).verified
}

/** Whether an object of this server's own changed within the allowed lag. */
function isRecent(bytes: Uint8Array, { nowTs }: ObjectCheckOptions): boolean {
  const json = parseStrict(bytes)
  return isJsonObject(json) && typeof json.updated_ts === 'number' && nowTs - json.updated_ts <= ALLOWED_LAG_MS
}

/** Where a page that is full ends: what comes behind it is not on it. */
function lastOfFull(objects: readonly { readonly id: string }[], limit: number): string | undefined {
  return objects.length < limit ? undefined : objects.at(-1)?.id
}

function smallest(ids: readonly (string | undefined)[]): string | undefined {
  return ids.filter((id) => id !== undefined).toSorted(compareCodePoints)[0]
}

/** An id in a message: it may be as long as it likes to be, and have any characters. */
function nameOf(id: string): string {
  return JSON.stringify(id.slice(0, 100))
}
