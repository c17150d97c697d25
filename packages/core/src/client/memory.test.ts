import t from 'tap'
import { makeLink, memoryInProcess, memoryOf, parseLink, type Memory } from './index.ts'
import { fingerprintOf } from './link.ts'
import { answerWith, startNetwork, startReader, type TestSite } from './test-network.ts'
import { openNotebook } from './notebook.ts'
import { silentLogger } from '../logger.ts'
import { manualEnvironment } from '../test-environment.ts'
import { encodeBase64, decodeBase64, type JsonObject, signDocument } from '../json/index.ts'
import { importSigningKey } from '../crypto/index.ts'

const DAY_MS = 24 * 60 * 60 * 1000

t.test('an app that met a site finds and verifies it after the site died and the app was started again', async (t) => {
  const { origin, volunteers } = await startNetwork(t, 1)
  const memory = memoryInProcess()
  const truth = await (await startReader(t, { memory }).lookup(origin.domain)).series()
  origin.die()
  const restarted = startReader(t, { memory })
  await restarted.time.advance(5 * DAY_MS)
  t.same(await restarted.known(), [origin.domain])
  const catalog = await restarted.lookup(origin.domain)
  t.match(catalog.message, /does not answer .* its servers are remembered from 5 days ago/)
  const page = await catalog.series()
  t.same(page.items, truth.items)
  t.match(page, { servedBy: volunteers[0]!.serverName, completeness: 'checked', freshness: 'fresh', ageMs: 5 * DAY_MS })
  t.match(page.message, /signed 5 days ago/)
  t.match(page.evidence, [{ source: 'origin', toldBy: [origin.serverName] }], 'on the word that it gave itself')
  await restarted.time.advance(5 * DAY_MS)
  t.equal((await (await restarted.lookup(origin.domain)).series()).freshness, 'stale')

  await restarted.forget(origin.domain)
  t.same(await restarted.known(), [])
  await t.rejects(startReader(t, { memory }).lookup(origin.domain), { code: 'unreachable' }, 'forgotten')
  await t.rejects(startReader(t).lookup(origin.domain), { code: 'unreachable' }, 'never met')
})

t.test('a head that was seen is remembered: a server that shows an older one later is behind', async (t) => {
  const { origin, volunteers, change } = await startNetwork(t, 1)
  const memory = memoryInProcess()
  const old = (await origin.get('/v1/manga/log/head')).json
  origin.repository.series.set('s9', { id: 's9', metadata: { en: { title: 'New' } } })
  await change(['s9'], [])
  await (await startReader(t, { memory }).lookup(origin.domain)).series()
  origin.die()
  volunteers[0]!.tamper = (target, answer) => (target.endsWith('/head') ? answerWith(old) : answer)
  const page = await (await startReader(t, { memory }).lookup(origin.domain)).series()
  t.equal(page.freshness, 'behind')
  t.match(page.problems, [{ reason: 'unreachable' }, { reason: 'behind' }])
})

t.test('a domain that names another server than before says so', async (t) => {
  const [first, second] = [await startNetwork(t, 0), await startNetwork(t, 0)]
  const memory = memoryInProcess()
  await startReader(t, { memory }).lookup(first.origin.domain)
  first.origin.tamper = (target, answer) =>
    target.startsWith('/.well-known/')
      ? answerWith({ primary: second.origin.serverName, 'load-balancers': [] })
      : answer
  const catalog = await startReader(t, { memory }).lookup(first.origin.domain)
  t.equal(catalog.serverName, second.origin.serverName)
  t.match(catalog.message, /Before it named .*: it moved, or the domain belongs to somebody else now\./)
})

t.test('a memory that fails, or holds nonsense, costs what it would have told and nothing else', async (t) => {
  const { origin } = await startNetwork(t, 0)
  const fail = async (): Promise<never> => {
    throw new Error('the storage is full')
  }
  const nonsense = (text: string): Memory => ({ get: async () => text, set: async () => {}, delete: async () => {} })
  const memories: [string, Memory][] = [
    ['fails', { get: fail, set: fail, delete: fail }],
    ['cannot write', { ...memoryInProcess(), set: fail }],
    ['no JSON', nonsense('{')],
    ['other JSON', nonsense('{"serverName":1,"bindings":[]}')],
    ['far too long', nonsense(`{"a":"${'x'.repeat(300_000)}"}`)],
  ]
  for (const [name, memory] of memories) {
    const page = await (await startReader(t, { memory }).lookup(origin.domain)).series()
    t.match(page, { isPrimary: true, problems: [] }, name)
    t.equal(page.items.length, 3, name)
  }
})

t.test('what is remembered is bounded: what was used longest ago is forgotten', async (t) => {
  const texts = new Map<string, string>()
  const storage = {
    getItem: (key: string) => texts.get(key) ?? null,
    setItem: (key: string, value: string) => void texts.set(key, value),
    removeItem: (key: string) => void texts.delete(key),
  }
  const environment = manualEnvironment()
  const notebook = openNotebook({ memory: memoryOf(storage), environment, logger: silentLogger })
  for (let number = 0; number < 510; number += 1) {
    await notebook.write(`site:${number}`, { number })
    await environment.advance(DAY_MS)
    if (!(await notebook.read('site:0'))) t.fail('one in use was forgotten')
  }
  t.equal(texts.size, 501, 'the index and 500 notes')
  t.equal((await notebook.names('site:')).length, 500)
  t.equal(await notebook.read('site:5'), undefined)
  t.same(await notebook.read('site:509'), { number: 509 })
  await notebook.write('site:long', { text: 'x'.repeat(256 * 1024) })
  t.equal(await notebook.read('site:long'), undefined)
})

const KEY = importSigningKey(new Uint8Array(32).fill(1)).publicKey
const NAME = 'https://manga.example.com/v1'

t.test('a link says by which keys a site signs and who mirrors it', (t) => {
  const mirrors = ['https://a.example/v1', 'https://b.example/manga/v1']
  const link = makeLink({ serverName: NAME, publicKeys: [KEY], mirrors })
  const k = fingerprintOf(KEY)
  t.match(k, /^[A-Za-z0-9_-]{22}$/)
  t.equal(
    link,
    `https://manga.example.com/#k=${k}&m=https%3A%2F%2Fa.example%2Fv1&m=https%3A%2F%2Fb.example%2Fmanga%2Fv1`,
  )
  t.same(parseLink(link), { domain: 'manga.example.com', serverName: NAME, fingerprints: [k], mirrors })
  const elsewhere = makeLink({ serverName: 'https://manga.example.com/api/v1', publicKeys: [KEY], mirrors: [] })
  t.equal(elsewhere, `https://manga.example.com/#k=${k}&s=https%3A%2F%2Fmanga.example.com%2Fapi%2Fv1`)
  t.equal(parseLink(elsewhere)?.serverName, 'https://manga.example.com/api/v1')

  const fragment = `k=${k}&m=https://a.example/v1`
  const rows: [string, string, object | undefined][] = [
    ['any page of the site', `https://manga.example.com/series/7?x#${fragment}`, { serverName: NAME }],
    ['unescaped', `https://manga.example.com#${fragment}`, { mirrors: ['https://a.example/v1'] }],
    ['a port', `https://manga.example.com:8443/#${fragment}`, { domain: 'manga.example.com:8443' }],
    ['mirrors that are no names', `https://manga.example.com/#k=${k}&m=ftp://a/v1&m=x&m=${NAME}`, { mirrors: [] }],
    [
      'too many mirrors',
      `https://manga.example.com/#k=${k}${'&m=https://a.example/v1'.repeat(3)}`,
      { mirrors: ['https://a.example/v1'] },
    ],
    ['no key', 'https://manga.example.com/#m=https://a.example/v1', undefined],
    ['a malformed key', 'https://manga.example.com/#k=short', undefined],
    ['a server that is none', `https://manga.example.com/#k=${k}&s=x`, undefined],
    ['a server of somebody else', `https://manga.example.com/#k=${k}&s=https://other.example/v1`, undefined],
    ['a server of the same site', `https://example.com/#k=${k}&s=${NAME}`, { domain: 'example.com', serverName: NAME }],
    ['http', `http://manga.example.com/#${fragment}`, undefined],
    ['a domain', 'manga.example.com', undefined],
    ['far too long', `https://manga.example.com/#${fragment}&x=${'x'.repeat(20_000)}`, undefined],
  ]
  for (const [name, text, expected] of rows) {
    if (expected) t.match(parseLink(text), expected, name)
    else t.equal(parseLink(text), undefined, name)
  }
  const many = Array.from({ length: 20 }, (_, number) => `&k=${k}&m=https://m${number}.example/v1`)
  t.match(parseLink(`https://manga.example.com/#${many.join('')}`), {
    fingerprints: { length: 4 },
    mirrors: { length: 8 },
  })
  t.equal(parseLink(`http://127.0.0.1:81/#${fragment}`, { allowInsecure: true })?.serverName, 'http://127.0.0.1:81/v1')
  t.end()
})

/** The link that a site gives out. */
async function linkOf(site: TestSite, mirrors: readonly TestSite[]): Promise<string> {
  const { verify_keys: keys } = (await site.get('/v1/keys')).json as { verify_keys: Record<string, { key: string }> }
  const publicKeys = Object.values(keys).map(({ key }) => decodeBase64(key))
  return makeLink({ serverName: site.serverName, publicKeys, mirrors: mirrors.map(({ serverName }) => serverName) })
}

t.test('a newcomer after the death of a site reads and verifies all of it with its link', async (t) => {
  const { origin, volunteers } = await startNetwork(t, 2)
  const truth = await (await startReader(t).lookup(origin.domain)).series()
  const link = await linkOf(origin, volunteers)
  origin.die()
  const memory = memoryInProcess()
  const reader = startReader(t, { memory })
  const catalog = await reader.lookup(link)
  t.match(catalog.message, /its servers are those that the link names/)
  const page = await catalog.series()
  t.same(page.items, truth.items)
  t.match(page, { isPrimary: false, completeness: 'checked' })
  t.match(page.evidence, [{ source: 'witness', toldBy: [`link #${new URL(link).hash.slice(1).split('&')[0]}`] }])
  const restarted = await startReader(t, { memory }).lookup(origin.domain)
  t.same((await restarted.series()).items, truth.items, 'the domain is enough from then on')
  t.match(restarted.message, /remembered from a link/)
})

t.test('a link is not believed against what is known, and one with another key shows nothing', async (t) => {
  const { origin, volunteers } = await startNetwork(t, 1)
  const link = await linkOf(origin, volunteers)
  const wrongLink = makeLink({
    serverName: origin.serverName,
    publicKeys: [KEY],
    mirrors: volunteers.map(({ serverName }) => serverName),
  })
  const memory = memoryInProcess()
  const shown = await (await startReader(t, { memory }).lookup(wrongLink)).series()
  t.equal(shown.items.length, 3, 'the site itself told')
  t.match(
    shown.problems,
    [{ reason: 'key_conflict', message: /link names another key.*somebody else/ }],
    'and it is said',
  )
  t.same((await (await startReader(t).lookup(link)).series()).problems, [], 'the right link is not contradicted')
  const elsewhere = `${link}&s=${encodeURIComponent(`http://${origin.domain}/other/v1`)}`
  const told = await startReader(t).lookup(elsewhere)
  t.equal(told.serverName, origin.serverName)
  t.match(told.message, /The link names .* and is not believed: the site itself has the last word/)

  origin.die()
  const page = await (await startReader(t, { memory }).lookup(wrongLink)).series()
  t.same(page.evidence[0]?.toldBy, [origin.serverName])
  t.equal(page.items.length, 3)
  const newcomer = await startReader(t).lookup(wrongLink)
  await t.rejects(newcomer.series(), { code: 'unreachable', message: /cannot be reached for its keys/ })
})

t.test('a mirror that passes on keys of its own making is not believed', async (t) => {
  const { origin, volunteers } = await startNetwork(t, 2)
  const link = await linkOf(origin, volunteers)
  const falseKey = importSigningKey(new Uint8Array(32).fill(1))
  volunteers[0]!.tamper = (target, answer) => {
    if (!target.startsWith('/v1/keys/origin/')) return answer
    const [document] = (answer.json as { server_keys: JsonObject[] }).server_keys
    const [keyId] = Object.keys(document!.verify_keys as JsonObject)
    const forged = { ...document, verify_keys: { [keyId!]: { key: encodeBase64(falseKey.publicKey) } }, signatures: {} }
    return answerWith({ server_keys: [signDocument(forged, origin.serverName, keyId!, falseKey)] })
  }
  origin.die()
  const page = await (await startReader(t).lookup(link)).series()
  t.equal(page.items.length, 3)
})

t.test(
  'without a link, witnesses that agree are enough, and a witness that contradicts the link is told',
  async (t) => {
    const { origin, volunteers } = await startNetwork(t, 1)
    const [one, two] = [await startNetwork(t, 0, 0), await startNetwork(t, 0, 0)].map((network) => network.origin)
    const witnesses = [one!.serverName, two!.serverName]
    for (const witness of [one!, two!]) await witness.get(`/v1/keys/origin/${encodeURIComponent(origin.serverName)}`)
    origin.tamper = (target, answer) => (target.startsWith('/.well-known/') ? answer : undefined)
    const page = await (await startReader(t, { witnesses }).lookup(origin.domain)).series()
    t.match(page, { servedBy: volunteers[0]!.serverName, completeness: 'checked' })
    t.match(page.evidence, [{ source: 'witness', toldBy: witnesses }])
    t.equal(
      (await (await startReader(t, { witnesses }).lookup(await linkOf(origin, []))).series()).items.length,
      3,
      'both',
    )
    const alone = await startReader(t, { witnesses: witnesses.slice(0, 1) }).lookup(origin.domain)
    await t.rejects(alone.series(), { code: 'unreachable' })
  },
)
