import tap from 'tap'
import type { Site } from './run-site.ts'
import type { Settings } from './settings.ts'
import { credentials, found, openSite, OWN_ORIGIN, SERVER_NAME } from './test-site.ts'

const ADD_TO_YOTSUBA = '/admin/series/yotsuba/chapters'

/** Shows that a manga site on any framework does what the other ones do. */
export async function mangaSiteSuite(createSite: (settings: Settings) => Promise<Site>): Promise<void> {
  await tap.test('The list shows all series in pages, and a search finds titles in any language', async (t) => {
    const site = await openSite(t, createSite)
    const first = await site.get('/')
    const second = await site.get('/?page=2')
    t.match(first.headers.get('content-type'), 'text/html')
    t.match(first.body, '54 series')
    t.match(first.body, 'Page 1 of 2')
    t.match(second.body, 'Page 2 of 2')

    const shown = [first, second].flatMap(({ body }) => found(body, /href="\/series\/([^"]+)"/g))
    t.equal(shown.length, 54)
    t.equal(new Set(shown).size, 54, 'no series is on both pages, none on neither')
    t.match((await site.get('/?page=999')).body, 'Page 2 of 2', 'past the end is the last page')

    t.match((await site.get(`/?q=${encodeURIComponent('進撃')}`)).body, 'Attack on Titan')
    t.match((await site.get('/?q=JUTSUSHI')).body, 'Fullmetal Alchemist', 'in transcription, in any case')
    t.match((await site.get('/?q=100%25')).body, 'Nothing here has such a title')
  })

  await tap.test('A series shows its facts and its chapters in reading order', async (t) => {
    const { body } = await (await openSite(t, createSite)).get('/series/20th-century-boys')
    t.match(body, '<h1>20th Century Boys</h1>')
    for (const fact of ['20世紀少年', 'Naoki Urasawa', 'completed', 'Japanese']) t.match(body, fact)
    const chapters = found(body, /<th scope="row">([^<]+)</g)
    t.strictSame(chapters.slice(2, 5), ['Vol. 1, Ch. 3', 'Vol. 2, Ch. 1', 'Vol. 2, Ch. 2'])
  })

  await tap.test('What is not there and what cannot be understood is answered with a page that says so', async (t) => {
    const site = await openSite(t, createSite)
    const cases = [
      { path: '/series/none', status: 404, says: 'no such series' },
      { path: '/nothing', status: 404, says: 'no such page' },
      { path: '/?page=0', status: 400, says: 'page must be' },
      { path: '/?page=x', status: 400, says: 'page must be' },
      { path: '/?page=1000001', status: 400, says: 'page must be' },
      { path: '/?page=1&page=2', status: 400, says: 'page must be' },
      { path: `/?q=${'a'.repeat(201)}`, status: 400, says: 'at most 200 characters' },
    ]
    for (const { path, status, says } of cases) {
      const answer = await site.get(path)
      t.equal(answer.status, status, path)
      t.match(answer.headers.get('content-type'), 'text/html')
      t.match(answer.body, says)
    }
    const tooLong = await site.post(ADD_TO_YOTSUBA, { title: 'a'.repeat(20_000) })
    t.equal(tooLong.status, 413)
    t.match(tooLong.headers.get('content-type'), 'text/html')
  })

  await tap.test(
    'A chapter added in the form is on the page and in the federation at once; deleted, it is gone',
    async (t) => {
      const site = await openSite(t, createSite)
      const fields = { number: '3.5', volume: '', title: 'A walk', language: 'en', group: 'Night Ferry' }
      const added = await site.post(ADD_TO_YOTSUBA, fields)
      t.equal(added.status, 303)
      const manage = await site.get(added.headers.get('location') ?? '')
      t.match(manage.body, 'Ch. 3.5 was added,')
      t.match(manage.body, `${SERVER_NAME}/manga/chapters?series_id=yotsuba`)
      t.match((await site.get('/series/yotsuba')).body, /Ch\. 3\.5 <span class="chapter-title">A walk/)

      const walk = (await site.federatedChapters('yotsuba')).find(({ chapter }) => chapter === '3.5')
      t.ok(walk)
      t.equal((await site.post(`/admin/chapters/${walk?.id}/delete`)).status, 303)
      t.notMatch((await site.get('/series/yotsuba')).body, 'A walk')
      t.notOk((await site.federatedChapters('yotsuba')).some(({ chapter }) => chapter === '3.5'))
      t.equal((await site.post(`/admin/chapters/${walk?.id}/delete`)).status, 404)
    },
  )

  await tap.test(
    'A form with mistakes comes back as it was filled in, with what to mend, and adds nothing',
    async (t) => {
      const site = await openSite(t, createSite)
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
      const before = await site.federatedChapters('20th-century-boys')
      for (const { wrong, says } of cases) {
        const fields = { ...good, title: 'kept', ...wrong }
        const answer = await site.post('/admin/series/20th-century-boys/chapters', fields)
        t.equal(answer.status, 422, JSON.stringify(wrong).slice(0, 40))
        t.match(answer.body, says)
        t.match(answer.body, `value="${Object.values(wrong)[0]}"`)
        t.match(answer.body, 'aria-invalid="true"')
      }
      t.strictSame(await site.federatedChapters('20th-century-boys'), before)
      t.equal((await site.post(ADD_TO_YOTSUBA)).status, 303, 'a one-shot')
      t.equal((await site.post('/admin/series/none/chapters', good)).status, 404)
    },
  )

  await tap.test('Text from elsewhere is shown as text', async (t) => {
    const site = await openSite(t, createSite)
    const evil = `"'><script>alert(1)</script>&amp;`
    await site.post(ADD_TO_YOTSUBA, { number: '9', language: 'en', title: evil, group: evil })
    const pages = [
      await site.get('/series/yotsuba'),
      await site.get('/admin/series/yotsuba'),
      await site.get(`/?q=${encodeURIComponent(evil)}`),
      await site.post(ADD_TO_YOTSUBA, { number: evil }),
    ]
    for (const { body, headers } of pages) {
      t.match(body, '&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;')
      t.notMatch(body, '<script')
      t.notMatch(body, /"'>|value=""'/)
      t.match(headers.get('content-security-policy'), "default-src 'none'")
    }
  })

  await tap.test('The form is taken from the own pages only', async (t) => {
    const site = await openSite(t, createSite)
    const send = async (origin: string): Promise<number> => {
      return (await site.post(ADD_TO_YOTSUBA, { number: '9', language: 'en' }, { origin })).status
    }
    for (const origin of ['https://evil.example', 'http://127.0.0.1:3001', 'http://localhost:3000', 'null']) {
      t.equal(await send(origin), 403, origin)
    }
    t.equal(await send(OWN_ORIGIN), 303)
  })

  await tap.test('On a site that others can reach, the admin pages ask for the password, or are closed', async (t) => {
    const serverName = 'https://manga.example.com/v1'
    const path = '/admin/series/yotsuba'
    const folder = t.testdir()

    const closed = await openSite(t, createSite, { serverName, dataDir: `${folder}/closed` })
    t.match(await closed.get(path), { status: 403, body: /ADMIN_PASSWORD/ })
    t.notMatch((await closed.get('/series/yotsuba')).body, '/admin/')

    const guarded = await openSite(t, createSite, {
      serverName,
      adminPassword: 'pass:wörd',
      dataDir: `${folder}/guarded`,
    })
    for (const headers of [{}, credentials('me:wrong'), credentials('pass:wörd '), { authorization: 'Basic ?' }]) {
      const answer = await guarded.get(path, headers)
      t.equal(answer.status, 401)
      t.match(answer.headers.get('www-authenticate'), 'Basic')
    }
    t.equal((await guarded.get(path, credentials('me:pass:wörd'))).status, 200)
  })

  await tap.test('The site says what it publishes, and publishes it', async (t) => {
    const site = await openSite(t, createSite)
    const links = found((await site.get('/about')).body, /href="(http[^"]+)"/g).map((link) => new URL(link))
    t.equal(links.length, 4)
    for (const { pathname, search } of links) t.equal((await site.get(pathname + search)).status, 200, pathname)
  })
}
