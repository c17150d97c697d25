import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { sha256 } from '../crypto/index.ts'
import { encodeBase64, encodeCanonical, type JsonObject, signObject } from '../json/index.ts'
import { keyDocument, testKey, type TestKey } from '../keys/test-origin.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** A path of the API, and what it is answered with instead. */
type Override = (request: IncomingMessage, response: ServerResponse) => void

/**
 * A server as other implementations of the published protocol are: keys, version and listings, nothing else. It signs its
 * own objects, has no revisions, no pages and no log.
 */
export interface BareServer {
  readonly serverName: string
  /** What was answered under the API, in order, without the keys: `200 /manga/series?limit=1000`. */
  readonly requests: string[]
  /** What it lists, by id: objects, or text that is put into the array as it is. */
  readonly series: Map<string, JsonObject | string>
  readonly chapters: Map<string, JsonObject | string>
  /** Whether answers have an ETag of their body. Default: false. */
  etags: boolean
  /** Answers by path without query. */
  readonly overrides: Map<string, Override>
  /** Publishes a series in its own words. */
  putSeries(id: string, title: string, fields?: JsonObject): JsonObject
  /** Publishes a chapter. */
  putChapter(id: string, seriesId: string, title: string, fields?: JsonObject): JsonObject
  /** Signs an object as its own. */
  sign(object: JsonObject, key?: TestKey): JsonObject
}

/** Starts one on loopback, and ends it with the test. */
export async function startBareServer(t: Test, nowTs: number): Promise<BareServer> {
  const own = testKey(7)
  const server = createServer((request, response) => answer(bare, own, nowTs, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const serverName = `http://127.0.0.1:${port}/v1`
  const bare: BareServer = {
    serverName,
    requests: [],
    series: new Map(),
    chapters: new Map(),
    etags: false,
    overrides: new Map(),
    putSeries(id, title, fields = {}) {
      const metadata = {
        en: { title, alternative_titles: [`${title} (one)`], 'alternative-titles': [`${title} (two)`] },
      }
      const object = bare.sign({ id, metadata, ...fields })
      bare.series.set(id, object)
      return object
    },
    putChapter(id, seriesId, title, fields = {}) {
      const object = bare.sign({ id, series_id: seriesId, metadata: { en: { title, sort_id: 1 } }, ...fields })
      bare.chapters.set(id, object)
      return object
    },
    sign: (object, { keyId, base64, signingKey } = own) =>
      signObject({ server: serverName, ...object, signing_keys: { [keyId]: base64 } }, keyId, signingKey),
  }
  return bare
}

function answer(
  bare: BareServer,
  own: TestKey,
  nowTs: number,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? '', bare.serverName)
  const path = url.pathname.replace(/^\/v1/, '')
  const keys = keyDocument(bare.serverName, nowTs + 7 * DAY_MS, [own])
  if (path === '/keys') return send(keys)
  response.once('finish', () => bare.requests.push(`${response.statusCode} ${path}${url.search}`))
  const override = bare.overrides.get(path)
  if (override) return override(request, response)
  if (path.startsWith('/keys/query/')) return send({ server_keys: [] })
  if (path === '/federation/version') return send({ server: { name: 'bare', version: '1.0' } })
  if (path === '/manga/series') return list([...bare.series.values()])
  const seriesId = url.searchParams.get('series_id')
  if (path === '/manga/chapters' && seriesId !== null) {
    return list([...bare.chapters.values()].filter((item) => typeof item === 'string' || item.series_id === seriesId))
  }
  response.writeHead(404).end()

  function send(document: JsonObject): void {
    response.writeHead(200, { 'content-type': 'application/json' }).end(encodeCanonical(document))
  }

  function list(items: readonly (JsonObject | string)[]): void {
    const texts = items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item, undefined, 1)))
    const body = `[${texts.join(', ')}\n]`
    const etag = `"${encodeBase64(sha256(body))}"`
    if (bare.etags && request.headers['if-none-match'] === etag) return void response.writeHead(304).end()
    response.writeHead(200, bare.etags ? { etag } : {}).end(body)
  }
}
