import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Settings } from 'manga-federation-example-shared'
import t, { type Test } from 'tap'
import { createSite } from './site.ts'

const SERVER_NAME = 'http://127.0.0.1:3000/v1'
const OWN_ORIGIN = 'http://127.0.0.1:3000'

async function openSite(t: Test, settings: Partial<Settings> = {}): Promise<FastifyInstance> {
  const given = { port: 3000, serverName: SERVER_NAME, allowInsecure: true, dataDir: t.testdir(), ...settings }
  const site = await createSite(given)
  t.teardown(() => site.close())
  await site.ready()
  return site
}

/** What a browser sends when somebody fills in a form of the site. */
function form(fields: Record<string, string>, headers: Record<string, string> = {}): InjectOptions {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: OWN_ORIGIN, ...headers },
    payload: new URLSearchParams(fields).toString(),
  }
}

/** The numbers of a series' chapters as other servers see them. */
async function federatedChapters(site: FastifyInstance, seriesId: string): Promise<{ id: string; chapter: string }[]> {
  const answer = await site.inject(`/v1/manga/chapters?series_id=${seriesId}`)
  const objects: { id: string; metadata: { en: { chapter: string } } }[] = answer.json()
  return objects.map(({ id, metadata }) => ({ id, chapter: metadata.en.chapter }))
}

t.test('The list shows all series in pages, and a search finds titles in any language', async (t) => {
  const site = await openSite(t)
  const first = await site.inject('/')
  const second = await site.inject('/?page=2')
  t.match(first.headers['content-type'], 'text/html')
  t.match(first.body, '54 series')
  t.match(first.body, 'Page 1 of 2')
  t.match(second.body, 'Page 2 of 2')

  const shown = [first, second].flatMap(({ body }) =>
    Array.from(body.matchAll(/href="\/series\/([^"]+)"/g), ([, id]) => id),
  )
  t.equal(shown.length, 54)
  t.equal(new Set(shown).size, 54, 'no series is on both pages, none on neither')
  t.match((await site.inject('/?page=999')).body, 'Page 2 of 2', 'past the end is the last page')

  t.match((await site.inject(`/?q=${encodeURIComponent('進撃')}`)).body, 'Attack on Titan')
  t.match((await site.inject('/?q=JUTSUSHI')).body, 'Fullmetal Alchemist', 'in transcription, in any case')
  t.match((await site.inject('/?q=100%25')).body, 'Nothing here has such a title')
})

t.test('A series shows its facts and its chapters in reading order', async (t) => {
  const { body } = await (await openSite(t)).inject('/series/20th-century-boys')
  t.match(body, '<h1>20th Century Boys</h1>')
  for (const fact of ['20世紀少年', 'Naoki Urasawa', 'completed', 'Japanese']) t.match(body, fact)
  const chapters = Array.from(body.matchAll(/<th scope="row">([^<]+)</g), ([, name]) => name)
  t.strictSame(chapters.slice(2, 5), ['Vol. 1, Ch. 3', 'Vol. 2, Ch. 1', 'Vol. 2, Ch. 2'])
})

t.test('What is not there and what cannot be understood is answered with a page that says so', async (t) => {
  const site = await openSite(t)
  const cases = [
    { url: '/series/none', status: 404, says: 'no such series' },
    { url: '/nothing', status: 404, says: 'no such page' },
    { url: '/?page=0', status: 400, says: 'page must be' },
    { url: '/?page=x', status: 400, says: 'page must be' },
    { url: `/?q=${'a'.repeat(201)}`, status: 400, says: 'must NOT have more than 200 characters' },
  ]
  for (const { url, status, says } of cases) {
    const answer = await site.inject(url)
    t.equal(answer.statusCode, status, url)
    t.match(answer.headers['content-type'], 'text/html')
    t.match(answer.body, says)
  }
})

t.test('A chapter added in the form is on the page and in the federation at once; deleted, it is gone', async (t) => {
  const site = await openSite(t)
  const added = await site.inject({
    url: '/admin/series/yotsuba/chapters',
    ...form({ number: '3.5', volume: '', title: 'A walk', language: 'en', group: 'Night Ferry' }),
  })
  t.equal(added.statusCode, 303)
  const manage = await site.inject(String(added.headers.location))
  t.match(manage.body, 'Ch. 3.5 was added,')
  t.match(manage.body, `${SERVER_NAME}/manga/chapters?series_id=yotsuba`)
  t.match((await site.inject('/series/yotsuba')).body, /Ch\. 3\.5 <span class="chapter-title">A walk/)

  const chapter = (await federatedChapters(site, 'yotsuba')).find(({ chapter }) => chapter === '3.5')
  t.ok(chapter)
  const deleted = await site.inject({ url: `/admin/chapters/${chapter?.id}/delete`, ...form({}) })
  t.equal(deleted.statusCode, 303)
  t.notMatch((await site.inject('/series/yotsuba')).body, 'A walk')
  t.notOk((await federatedChapters(site, 'yotsuba')).some(({ chapter }) => chapter === '3.5'))
  t.equal((await site.inject({ url: `/admin/chapters/${chapter?.id}/delete`, ...form({}) })).statusCode, 404)
})

t.test('A form with mistakes comes back as it was filled in, with what to mend, and adds nothing', async (t) => {
  const site = await openSite(t)
  const good = { number: '1', volume: '1', title: '', language: 'en', group: '' }
  const cases = [
    { wrong: { number: 'ten' }, says: 'Write a number such as 10 or 10.5.' },
    { wrong: { number: '1.2345' }, says: 'Write a number' },
    { wrong: { number: '-1' }, says: 'Write a number' },
    { wrong: { volume: '1.5' }, says: 'Write a whole number such as 3.' },
    { wrong: { volume: '' }, says: 'so the volume is needed' },
    { wrong: { language: 'English' }, says: 'Write a language tag such as en, fr or pt-BR.' },
    { wrong: { language: '' }, says: 'Write a language tag' },
    { wrong: { title: 'a'.repeat(201) }, says: 'Use at most 200 characters.' },
    { wrong: { group: 'a'.repeat(201) }, says: 'Use at most 200 characters.' },
  ]
  const before = await federatedChapters(site, '20th-century-boys')
  for (const { wrong, says } of cases) {
    const answer = await site.inject({
      url: '/admin/series/20th-century-boys/chapters',
      ...form({ ...good, title: 'kept', ...wrong }),
    })
    t.equal(answer.statusCode, 422, JSON.stringify(wrong).slice(0, 40))
    t.match(answer.body, says)
    t.match(answer.body, `value="${Object.values(wrong)[0]}"`)
    t.match(answer.body, 'aria-invalid="true"')
  }
  t.strictSame(await federatedChapters(site, '20th-century-boys'), before)
  t.equal((await site.inject({ method: 'POST', url: '/admin/series/yotsuba/chapters' })).statusCode, 303, 'a one-shot')
  t.equal((await site.inject({ url: '/admin/series/none/chapters', ...form(good) })).statusCode, 404)
})

t.test('Text from elsewhere is shown as text', async (t) => {
  const site = await openSite(t)
  const evil = `"'><script>alert(1)</script>&amp;`
  await site.inject({
    url: '/admin/series/yotsuba/chapters',
    ...form({ number: '9', language: 'en', title: evil, group: evil }),
  })
  const pages = [
    await site.inject('/series/yotsuba'),
    await site.inject('/admin/series/yotsuba'),
    await site.inject(`/?q=${encodeURIComponent(evil)}`),
    await site.inject({ url: '/admin/series/yotsuba/chapters', ...form({ number: evil }) }),
  ]
  for (const { body, headers } of pages) {
    t.match(body, '&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;')
    t.notMatch(body, '<script')
    t.notMatch(body, /"'>|value=""'/)
    t.match(headers['content-security-policy'], "default-src 'none'")
  }
})

t.test('The form is taken from the own pages only', async (t) => {
  const site = await openSite(t)
  const send = async (origin: string): Promise<number> => {
    const request = form({ number: '9', language: 'en' }, { origin })
    return (await site.inject({ url: '/admin/series/yotsuba/chapters', ...request })).statusCode
  }
  for (const origin of ['https://evil.example', 'http://127.0.0.1:3001', 'http://localhost:3000', 'null']) {
    t.equal(await send(origin), 403, origin)
  }
  t.equal(await send(OWN_ORIGIN), 303)
})

t.test('On a site that others can reach, the admin pages ask for the password, or are closed', async (t) => {
  const serverName = 'https://manga.example.com/v1'
  const credentials = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  const url = '/admin/series/yotsuba'

  const closed = await openSite(t, { serverName })
  t.match(await closed.inject(url), { statusCode: 403, body: /ADMIN_PASSWORD/ })
  t.notMatch((await closed.inject('/series/yotsuba')).body, '/admin/')
  await closed.close()

  const guarded = await openSite(t, { serverName, adminPassword: 'pass:wörd' })
  for (const headers of [{}, credentials('me:wrong'), credentials('pass:wörd '), { authorization: 'Basic ?' }]) {
    const answer = await guarded.inject({ url, headers })
    t.equal(answer.statusCode, 401)
    t.match(answer.headers['www-authenticate'], 'Basic')
  }
  t.equal((await guarded.inject({ url, headers: credentials('me:pass:wörd') })).statusCode, 200)
})

t.test('The site says what it publishes, and publishes it', async (t) => {
  const site = await openSite(t)
  const { body } = await site.inject('/about')
  const links = Array.from(body.matchAll(/href="(http[^"]+)"/g), ([, link]) => new URL(link ?? ''))
  t.equal(links.length, 4)
  for (const { pathname, search } of links) t.equal((await site.inject(pathname + search)).statusCode, 200, pathname)
})
