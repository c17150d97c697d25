import { FederationError, type JsonObject, type MirroredCatalog, type MirroredItem } from '@manga-federation/core'
import t from 'tap'
import { mirroredPages } from './mirrored-pages.ts'

const ORIGIN = 'https://manga.example.com/v1'

/** Everything that the site mirrors: as other servers signed it, so with whatever their fields hold. */
const ITEMS: readonly MirroredItem[] = [
  item('series', 'yotsuba', {
    ja: { title: 'よつばと！' },
    en: { title: 'Yotsuba&!', authors: ['Kiyohiko Azuma', 7], status: 'ongoing', description: 'A <b>girl</b>.' },
  }),
  item('series', 'odd', { fr: { title: 7, authors: 'nobody' } }),
  item('series', 'bare', {}),
  item('chapter', 'c2', {
    en: { title: '2', chapter: '2', sort_id: 2000, groups: [{ name: 'Night Ferry' }, 'x', {}] },
  }),
  item('chapter', 'c1', {
    fr: { title: 'Un', chapter: '1', volume: '1', sort_id: 1000, published_at: '2025-01-02T00:00Z' },
  }),
  item('chapter', 'c3', { en: { title: 'One-shot', language: 'pt-br', groups: 'none' } }),
]

const catalog: MirroredCatalog = {
  async mirrored({ kind, q = '', cursor }) {
    if (cursor === 'broken') throw new FederationError('invalid_cursor', 'This is no cursor.')
    const items = ITEMS.filter((each) => each.kind === kind && JSON.stringify(each.object).includes(q))
    return cursor === 'more' ? { items, next: 'even more' } : { items }
  },
  mirroredObject: async (origin, kind, id) =>
    ITEMS.find((each) => each.origin === origin && each.kind === kind && each.id === id),
  mirroredOrigins: async () => [],
}

function item(kind: MirroredItem['kind'], id: string, metadata: Record<string, JsonObject>): MirroredItem {
  return { origin: ORIGIN, kind, id, object: { id, server: ORIGIN, metadata } }
}

const pages = mirroredPages(catalog)

void t.test('Mirrored series are marked with where they are from, and what is no text is not shown', async (t) => {
  const list = (await pages.list({ after: 'more' })).content.text
  t.match(list, 'from manga.example.com')
  t.match(list, 'Yotsuba&amp;!')
  t.match(list, '<strong lang="fr">odd</strong>', 'a title that is none is the id')
  t.match(list, '<strong lang="und">bare</strong>')
  t.match(list, 'after=even+more')
  t.notMatch((await pages.list({ q: 'Azuma' })).content.text, 'odd')
  t.match((await pages.list({ q: 'nothing' })).content.text, 'Nothing is mirrored here that fits.')
})

void t.test('The front page has a part for them only where there are some', async (t) => {
  t.match((await pages.section({ q: 'Azuma' }))?.text, 'From other sites')
  t.equal(await pages.section({ q: 'nothing' }), undefined)
})

void t.test('A mirrored series shows its chapters in reading order, and says who signed it', async (t) => {
  const { title, content } = await pages.series({ origin: ORIGIN, id: 'yotsuba', after: 'more' })
  t.equal(title, 'Yotsuba&!')
  t.match(content.text, `which signed it as <code>${ORIGIN}</code>`)
  t.match(content.text, 'A &lt;b&gt;girl&lt;/b&gt;.', 'what others wrote is text')
  t.match(content.text, /One-shot[^]*Vol\. 1, Ch\. 1[^]*Un[^]*Ch\. 2[^]*Night Ferry/)
  t.match(content.text, '2025-01-02')
  t.match(content.text, 'after=even+more')
  t.match((await pages.series({ origin: ORIGIN, id: 'bare' })).content.text, '<h1 lang="und">bare</h1>')
})

void t.test('What is not mirrored, and an address that somebody changed, is said in words', async (t) => {
  await t.rejects(pages.series({ origin: ORIGIN, id: 'none' }), { message: 'This site mirrors no such series.' })
  await t.rejects(pages.series({}), { message: 'This site mirrors no such series.' })
  await t.rejects(pages.list({ after: 'broken' }), { message: 'This is no cursor.' })
})
