import { createFederation, type Federation, type JsonObject, memoryStore } from '@manga-federation/core'
import t, { type Test } from 'tap'
import { type SiteProcess, startSite } from '../../examples/shared/src/test-process.ts'
import { peerVerifies, whySkipped } from '../interop/signedjson-peer.ts'
import { startLiar } from './liar.ts'

/** A key document, as far as it is read here. */
interface KeyDocument extends JsonObject {
  readonly server_name: string
  readonly verify_keys: { readonly [keyId: string]: { readonly key: string } }
}

const folder = t.testdir()
const sites = ['fastify', 'koa', 'express-blog'].map((example) => startExample(t, example, example))
const [origin = '', ...witnesses] = await Promise.all(sites.map(serverName))

const documents = await Promise.all([origin, ...witnesses].map((name) => getJson<KeyDocument>(`${name}/keys`)))
const [originKeys] = documents
if (!originKeys) throw new Error('There is no origin.')
const seriesText = await (await fetch(`${origin}/manga/series?limit=3`)).text()
const [oneSeries]: JsonObject[] = JSON.parse(seriesText)

void t.test('Sites fetch and witness each other’s keys, in both spellings of the route', async (t) => {
  for (const witness of documents) {
    for (const other of documents) {
      const [told] = await witnessed(witness.server_name, other.server_name)
      t.strictSame(told?.verify_keys, other.verify_keys)
      const signers = new Set([other.server_name, witness.server_name])
      t.strictSame(new Set(Object.keys(told?.['signatures'] as JsonObject)), signers)
    }
  }
  const older = await getJson<JsonObject>(`${witnesses[0]}/keys/query/${encodeURIComponent(origin)}`)
  t.strictSame(older['server_keys'], await witnessed(witnesses[0] ?? '', origin))
})

void t.test(
  'python3-signedjson verifies the key documents and what witnesses answer',
  { skip: whySkipped() },
  async (t) => {
    for (const document of documents) {
      t.ok(isSigned(document, document), `${document.server_name} signed its document`)
      for (const told of await witnessedAll(document.server_name)) {
        const about = documents.find(({ server_name: name }) => name === told.server_name)
        t.ok(about && isSigned(told, about), `${told.server_name} signed what ${document.server_name} tells of it`)
        t.ok(isSigned(told, document), 'and so did the witness')
        t.notOk(isSigned({ ...told, valid_until_ts: 0 }, document), 'but nothing else')
      }
    }
  },
)

void t.test('The origin is killed', async (t) => {
  sites[0]?.process.kill('SIGKILL')
  t.strictSame(await sites[0]?.exited, [null, 'SIGKILL'])
  await t.rejects(fetch(`${origin}/keys`))
})

void t.test('A site that never met it verifies its series through two witnesses', async (t) => {
  const reader = startExample(t, 'fastify', 'reader', { WITNESSES: witnesses.join(',') })
  const page = await verifyOnPage(reader, seriesText)
  t.equal(page.match(/Yes: <code>authentic/g)?.length, 3)
  t.match(page, witnesses.join(', '), 'it says who told')
  t.match(await verifyOnPage(reader, JSON.stringify({ ...oneSeries, id: 'other' })), 'No: <code>bad_signature')
})

void t.test('With one witness lying it refuses and says which', async (t) => {
  const liar = await startLiar(t, originKeys)
  const federation = open(t, [...witnesses, liar])
  const verdict = await federation.verify(oneSeries ?? null)
  t.match(verdict, { authentic: false, reason: 'key_conflict', evidence: [] })
  const [keyId] = Object.keys(originKeys.verify_keys)
  t.match(verdict.message, `${keyId} of ${origin}: ${witnesses.join(' and ')} tell one key, ${liar} another.`)
  t.strictSame(await federation.verify(oneSeries ?? null), verdict, 'and does so again')
})

void t.test('One witness alone is not enough, whatever it says', async (t) => {
  const liar = await startLiar(t, originKeys)
  for (const witness of [liar, witnesses[0] ?? '']) {
    const verdict = await open(t, [witness]).verify(oneSeries ?? null)
    t.match(verdict, { authentic: false, reason: 'unreachable', evidence: [] })
  }
})

/** Starts an example site with data of its own on a free port. */
function startExample(t: Test, example: string, name: string, variables: Record<string, string> = {}): SiteProcess {
  const main = new URL(`../../examples/${example}/src/main.ts`, import.meta.url)
  return startSite(t, main, { PORT: '0', DATA_DIR: `${folder}/${name}`, ...variables })
}

async function serverName(site: SiteProcess): Promise<string> {
  return `${await site.listening()}/v1`
}

/** What somebody sees who pastes a text into the page of a site that asks for it. */
async function verifyOnPage(site: SiteProcess, text: string): Promise<string> {
  const body = new URLSearchParams({ text })
  return (await fetch(`${await site.listening()}/verify`, { method: 'POST', body })).text()
}

/** A federation in this process that remembers nothing yet. */
function open(t: Test, names: readonly string[]): Federation {
  const nothing = async (): Promise<{ items: [] }> => ({ items: [] })
  const federation = createFederation({
    serverName: 'https://reader.example/v1',
    catalog: {
      listSeries: nothing,
      listChapters: nothing,
      getSeries: async () => undefined,
      getChapter: async () => undefined,
    },
    store: async () => memoryStore(),
    witnesses: names,
    allowInsecure: true,
    allowedPorts: 'any',
  })
  t.teardown(() => federation.close())
  return federation
}

async function witnessed(witness: string, other: string): Promise<KeyDocument[]> {
  const url = `${witness}/keys/origin/${encodeURIComponent(other)}`
  return (await getJson<{ server_keys: KeyDocument[] }>(url)).server_keys
}

/** What a witness tells of all sites in one answer. */
async function witnessedAll(witness: string): Promise<KeyDocument[]> {
  const body = JSON.stringify({ server_keys: Object.fromEntries([origin, ...witnesses].map((name) => [name, {}])) })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${witness}/keys`, { method: 'POST', headers, body })
  return ((await response.json()) as { server_keys: KeyDocument[] }).server_keys
}

/** Whether the independent implementation finds the signature of a server under a document. */
function isSigned(document: object, { server_name: entity, verify_keys: keys }: KeyDocument): boolean {
  return Object.entries(keys).every(([keyId, { key }]) => peerVerifies({ document, entity, key_id: keyId, key }))
}

async function getJson<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T
}
