import tap from 'tap'
import type { Site } from './run-site.ts'
import type { Settings } from './settings.ts'
import { openSite } from './test-site.ts'

/** Shows that a site tells its editors whether something is what its origin signed. */
export async function verifyPageSuite(createSite: (settings: Settings) => Promise<Site>): Promise<void> {
  await tap.test('What is pasted into the page /verify gets a verdict with its evidence', async (t) => {
    const site = await openSite(t, createSite)
    t.match((await site.get('/about')).body, 'href="/verify"')
    t.match(await site.get('/verify'), { status: 200, body: '<form method="post" action="/verify">' })

    const { body: listing } = await site.get('/v1/manga/series?limit=2')
    const genuine = await site.post('/verify', { text: ` ${listing}\r\n` })
    t.equal(genuine.status, 200)
    t.equal(genuine.body.match(/Yes: <code>authentic/g)?.length, 2, 'each of a list')
    t.match(genuine.body, 'a key of this site')

    const [series]: Record<string, unknown>[] = JSON.parse(listing)
    for (const change of [{ id: 'other' }, { updated_ts: Number.MAX_SAFE_INTEGER }]) {
      const altered = await site.post('/verify', { text: JSON.stringify({ ...series, ...change }) })
      t.match(altered.body, 'No: <code>bad_signature', Object.keys(change).join())
    }
  })

  await tap.test('What cannot be looked at comes back as text, with what to mend', async (t) => {
    const site = await openSite(t, createSite)
    const cases = [
      { text: '', says: 'Paste what you want to have checked.' },
      { text: '<script>', says: 'This cannot be read:' },
      { text: '{"a":1,"a":2}', says: 'This cannot be read:' },
      { text: JSON.stringify(Array(101).fill(0)), says: 'Paste at most 100 objects at once.' },
    ]
    for (const { text, says } of cases) {
      const answer = await site.post('/verify', { text })
      t.equal(answer.status, 422, text.slice(0, 20))
      t.match(answer.body, says)
      t.notMatch(answer.body, '<script')
    }
    t.equal((await site.post('/verify')).status, 422)
    t.match((await site.post('/verify', { text: '{"id":"<script>"}' })).body, 'No: <code>malformed')
    t.equal((await site.post('/verify', { text: 'a'.repeat(2 ** 20) })).status, 413)
  })

  await tap.test('A site that others can reach asks nobody for keys on behalf of strangers', async (t) => {
    const site = await openSite(t, createSite, { serverName: 'https://manga.example.com/v1' })
    t.notMatch((await site.get('/about')).body, '/verify')
    t.equal((await site.get('/verify')).status, 403)
    t.equal((await site.post('/verify', { text: '{}' })).status, 403)
  })
}
