import { gzipSync } from 'node:zlib'
import { writeFile } from 'node:fs/promises'
import { credentials, found, openSite, OWN_ORIGIN, SERVER_NAME } from 'manga-federation-example-shared/test-site'
import { verifyPageSuite } from 'manga-federation-example-shared/test-verify-page'
import { volunteersPageSuite } from 'manga-federation-example-shared/test-volunteers-page'
import t from 'tap'
import { seriesIds } from './series-titles.ts'
import { createSite } from './site.ts'

const GOOD_POST = { series: 'Yotsuba&!', number: '4', volume: '1', title: '', language: 'en', group: '', text: '' }

t.test('The front page has the newest posts first, in pages', async (t) => {
  const site = await openSite(t, createSite)
  const first = await site.get('/')
  t.match(first.headers.get('content-type'), 'text/html')
  const dates = found(first.body, /<time datetime="([^"]+)"/g)
  t.equal(dates.length, 10)
  t.strictSame(dates, dates.toSorted().toReversed())
  const second = await site.get('/?page=2')
  const shown = [first, second].flatMap(({ body }) => found(body, /<h2><a href="(\/posts\/\d+)"/g))
  t.equal(new Set(shown).size, 20, 'no post is on both pages')
  for (const path of shown.slice(0, 3)) t.equal((await site.get(path)).status, 200, path)
})

t.test('A post written in the form is on the blog, in its feed and in the federation at once', async (t) => {
  const site = await openSite(t, createSite)
  const text = 'First line\r\nsecond line\r\n\r\nAnother paragraph'
  const added = await site.post('/admin/posts', { ...GOOD_POST, title: 'A walk', group: 'Night Ferry', text })
  t.equal(added.status, 303)
  const notice = await site.get(added.headers.get('location') ?? '')
  t.match(notice.body, 'is published,')
  t.match(notice.body, `${SERVER_NAME}/manga/chapters?series_id=yotsuba`)

  const [path = ''] = found((await site.get('/')).body, /<h2><a href="(\/posts\/\d+)"/g)
  const post = await site.get(path)
  t.match(post.body, 'Yotsuba&amp;!, Vol. 1, Ch. 4: A walk')
  t.match(post.body, 'A chapter in English, released by Night Ferry.')
  t.match(post.body, '<p>First line\nsecond line</p>')
  t.match(post.body, '<p>Another paragraph</p>')
  t.match((await site.get('/series/yotsuba')).body, `href="${path}"`, 'the series leads to it')
  t.match((await site.get('/feed.xml')).body, `<id>${OWN_ORIGIN}${path}</id>`)
  const chapter = (await site.federatedChapters('yotsuba')).find(({ chapter }) => chapter === '4')
  t.equal(`/posts/${chapter?.id}`, path)

  t.equal((await site.post(`/admin${path}/delete`)).status, 303)
  t.equal((await site.get(path)).status, 404)
  t.notMatch((await site.get('/feed.xml')).body, path)
  t.notOk((await site.federatedChapters('yotsuba')).some(({ chapter }) => chapter === '4'))
  t.equal((await site.post(`/admin${path}/delete`)).status, 404)
})

t.test('The first post about a series brings the series, and the last one takes it away', async (t) => {
  const site = await openSite(t, createSite)
  const federatedTitle = async (): Promise<string | undefined> => {
    const series: { id: string; metadata: { fr?: { title: string } } }[] = JSON.parse(
      (await site.get('/v1/manga/series')).body,
    )
    return series.find(({ id }) => id === 'le-thé-de-minuit')?.metadata.fr?.title
  }
  const posted = { ...GOOD_POST, series: 'Le Thé de minuit', volume: '', language: 'fr' }
  await site.post('/admin/posts', { ...posted, number: '1' })
  await site.post('/admin/posts', { ...posted, series: 'LE THÉ DE MINUIT!', number: '2' })
  t.equal(await federatedTitle(), 'Le Thé de minuit')
  const [one, two] = await site.federatedChapters(encodeURIComponent('le-thé-de-minuit'))

  await site.post(`/admin/posts/${one?.id}/delete`)
  t.equal(await federatedTitle(), 'Le Thé de minuit', 'one post is left')
  await site.post(`/admin/posts/${two?.id}/delete`)
  t.equal(await federatedTitle(), undefined)
  t.equal((await site.get(`/series/${encodeURIComponent('le-thé-de-minuit')}`)).status, 404)
})

t.test('A form with mistakes comes back as it was filled in, with what to mend, and publishes nothing', async (t) => {
  const site = await openSite(t, createSite)
  const cases: { wrong: Partial<Record<keyof typeof GOOD_POST, string>>; says: string }[] = [
    { wrong: { series: '' }, says: 'Write the title of the series.' },
    { wrong: { series: 'a'.repeat(201) }, says: 'Use at most 200 characters.' },
    { wrong: { number: 'ten' }, says: 'Write a number such as 10 or 10.5.' },
    { wrong: { series: '20th Century Boys', volume: '' }, says: 'so the volume is needed' },
    { wrong: { language: 'English' }, says: 'Write a language tag' },
    { wrong: { text: 'a'.repeat(20_001) }, says: 'Use at most 20000 characters.' },
  ]
  const before = await site.get('/feed.xml')
  for (const { wrong, says } of cases) {
    const answer = await site.post('/admin/posts', { ...GOOD_POST, title: 'kept', ...wrong })
    t.equal(answer.status, 422, JSON.stringify(wrong).slice(0, 40))
    t.match(answer.body, says)
    t.match(answer.body, 'value="kept"')
    t.match(answer.body, 'aria-invalid="true"')
  }
  t.equal((await site.get('/feed.xml')).body, before.body)
  t.equal((await site.post('/admin/posts', { ...GOOD_POST, seriesId: 'none' })).status, 404)
  const tooLarge = await site.post('/admin/posts', { text: 'a'.repeat(300_000) })
  t.equal(tooLarge.status, 413)
  t.match(tooLarge.headers.get('content-type'), 'text/html')
})

t.test('Where two series have one title, the page of the series says which one is meant', async (t) => {
  const dataDir = t.testdir()
  const catalogFile = `${dataDir}/catalog.gz`
  const lines = ['{"id":"md1","title":"Twins"}', '{"id":"md2","title":"twins","languages":["fr"]}']
  await writeFile(catalogFile, gzipSync(lines.join('\n')))
  const site = await openSite(t, createSite, { dataDir, catalogFile })
  t.same(found((await site.get('/series')).body, /href="\/series\/([^"]+)"/g), ['md1', 'md2'], 'ids are kept')

  const post = { ...GOOD_POST, series: 'Twins', number: '900' }
  t.match(await site.post('/admin/posts', post), { status: 422, body: /Several series have this title/ })
  const [path = ''] = found((await site.get('/series/md2')).body, /class="button" href="([^"]+)"/g)
  t.match((await site.get(path)).body, 'name="seriesId" value="md2"')
  t.equal((await site.post('/admin/posts', { ...post, seriesId: 'md2' })).status, 303)
  t.ok((await site.federatedChapters('md2')).some(({ chapter }) => chapter === '900'))
})

t.test('Text from elsewhere is shown as text, also in the feed', async (t) => {
  const site = await openSite(t, createSite)
  const evil = `"'><script>alert(1)</script>&amp;\u0001`
  await site.post('/admin/posts', { series: evil, number: '9', title: evil, language: 'en', group: evil, text: evil })
  const [path = ''] = found((await site.get('/')).body, /<h2><a href="(\/posts\/\d+)"/g)
  for (const { body, headers } of [await site.get('/'), await site.get(path), await site.get('/admin')]) {
    t.match(body, '&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;')
    t.notMatch(body, '<script')
    t.match(headers.get('content-security-policy'), "default-src 'none'")
  }
  const feed = await site.get('/feed.xml')
  t.match(feed.headers.get('content-type'), 'application/atom+xml')
  t.match(feed.body, '<title>&quot;&apos;&gt;&lt;script&gt;', 'a title is text')
  t.match(feed.body, '&amp;lt;script&amp;gt;', 'content is HTML as text')
  t.notMatch(feed.body, /<script|[^\P{Cc}\n]/u)
})

t.test('What is not there is answered with a page that says so', async (t) => {
  const site = await openSite(t, createSite)
  const cases = [
    { path: '/posts/999999', status: 404, says: 'no such post' },
    { path: '/posts/x', status: 404, says: 'no such post' },
    { path: '/series/none', status: 404, says: 'no such series' },
    { path: '/nothing', status: 404, says: 'no such page' },
    { path: '/?page=0', status: 400, says: 'page must be' },
    { path: '/admin?series=none', status: 404, says: 'no such series' },
    { path: '/series/%ff', status: 400, says: 'Bad Request' },
  ]
  for (const { path, status, says } of cases) {
    const answer = await site.get(path)
    t.equal(answer.status, status, path)
    t.match(answer.headers.get('content-type'), 'text/html')
    t.match(answer.body, says)
  }
})

t.test('Only the blogger writes: with the password, from the own pages', async (t) => {
  const serverName = 'https://manga.example.com/v1'
  const folder = t.testdir()
  const closed = await openSite(t, createSite, { serverName, dataDir: `${folder}/closed` })
  t.match(await closed.get('/admin'), { status: 403, body: /ADMIN_PASSWORD/ })
  t.notMatch((await closed.get('/series/yotsuba')).body, '/admin')

  const dataDir = `${folder}/guarded`
  const guarded = await openSite(t, createSite, { serverName, adminPassword: 'sesame', dataDir })
  t.equal((await guarded.get('/admin')).status, 401)
  t.equal((await guarded.get('/admin', credentials('me:sesame'))).status, 200)
  const send = async (origin: string): Promise<number> => {
    return (await guarded.post('/admin/posts', GOOD_POST, { ...credentials('me:sesame'), origin })).status
  }
  t.equal(await send('https://evil.example'), 403)
  t.equal(await send('https://manga.example.com'), 303)
})

t.test('A title is found in any language and in any spelling', async (t) => {
  const site = await openSite(t, createSite)
  const cases = [
    { title: 'Frieren: Beyond Journey’s End', id: 'frieren' },
    { title: "frieren - beyond journey's end", id: 'frieren' },
    { title: '葬送のフリーレン', id: 'frieren' },
    { title: 'ＹＯＴＳＵＢＡ＆！', id: 'yotsuba' },
  ]
  for (const [index, { title, id }] of cases.entries()) {
    const number = String(900 + index)
    await site.post('/admin/posts', { ...GOOD_POST, series: title, number })
    t.ok(
      (await site.federatedChapters(id)).some(({ chapter }) => chapter === number),
      title,
    )
  }
})

t.test('The id of a series is made of its title', (t) => {
  const cases: [title: string, ids: string[]][] = [
    ['One Piece', ['one-piece', 'one-piece-2', 'one-piece-3']],
    ['進撃の巨人', ['進撃の巨人', '進撃の巨人-2', '進撃の巨人-3']],
    ['..', ['series', 'series-2', 'series-3']],
    ['Ｒ＆Ｂ', ['r-b', 'r-b-2', 'r-b-3']],
  ]
  for (const [title, expected] of cases) {
    const ids = seriesIds(title)
    t.strictSame([ids.next().value, ids.next().value, ids.next().value], expected, title)
  }
  t.end()
})

await verifyPageSuite(createSite)
await volunteersPageSuite(createSite)
