import type { Discovery } from '../discovery/index.ts'
import type { HttpClient } from '../egress/index.ts'
import { isJsonObject, parseStrict } from '../json/index.ts'
import { readAnswer } from './log-source.ts'
import type { OriginRecord } from './origin-record.ts'
import type { OriginRecords } from './origin-records.ts'

/** The longest version document that is read. */
const MAX_VERSION_BYTES = 64 * 1024

/** Extensions of one server that are looked at. */
const MAX_FEATURES = 64

/** What is needed to find out how a server is to be followed. */
export interface ContactOptions {
  /** This server, which is nobody's mirror for itself. */
  readonly serverName: string
  readonly client: HttpClient
  readonly discovery: Pick<Discovery, 'lookUp'>
  readonly records: OriginRecords
}

/**
 * Finds out what a server offers and who mirrors it, and remembers it.
 *
 * @returns the record; undefined when it is not followed any more.
 * @throws FederationError what {@link HttpClient.request} throws; `bad_response`.
 */
export async function contact(serverName: string, options: ContactOptions): Promise<OriginRecord | undefined> {
  // First, so that they are known when the server turns out to be down.
  await refreshMirrors(serverName, options)
  const features = await readFeatures(serverName, options.client)
  return options.records.change(serverName, (record) => withFeatures(record, features))
}

/** The load balancers of a server, where its site can be asked for them; those known before otherwise. */
async function refreshMirrors(serverName: string, { discovery, records, ...own }: ContactOptions): Promise<void> {
  const found = await discovery.lookUp(new URL(serverName).host).catch(() => undefined)
  if (found?.primary !== serverName) return
  const mirrors = found.loadBalancers.filter((name) => name !== own.serverName)
  await records.change(serverName, (record) => (isSameList(record.mirrors, mirrors) ? record : { ...record, mirrors }))
}

/** The extensions that a server's version document lists (PROTOCOL section 4); none where there is no such document. */
async function readFeatures(serverName: string, client: HttpClient): Promise<string[]> {
  const response = await client.request('GET', `${serverName}/federation/version`, {
    headers: { accept: 'application/json' },
    maxBytes: MAX_VERSION_BYTES,
  })
  if (response.status === 404) return []
  const version = readAnswer(response, serverName, 'what it offers', parseStrict)
  const listed = isJsonObject(version) && Array.isArray(version.features) ? version.features : []
  return listed.filter((feature) => typeof feature === 'string').slice(0, MAX_FEATURES)
}

/** Who was once followed by its log is never followed by less: whoever speaks in its name could hide changes so. */
function withFeatures(record: OriginRecord, features: readonly string[]): OriginRecord {
  const mode = record.mode === 'log' || features.includes('log') ? 'log' : 'listing'
  if (record.mode === mode && isSameList(record.features, features)) return record
  // What came by listings stands in no log, and makes room for it.
  return { ...record, features, mode, restart: record.restart || (record.mode === 'listing' && mode === 'log') }
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}
