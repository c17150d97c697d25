import { setTimeout as pause } from 'node:timers/promises'
import tap, { type Test } from 'tap'
import type { Site } from './run-site.ts'
import { readSettings, type Settings } from './settings.ts'

type CreateSite = (settings: Settings) => Promise<Site>

const PATH = '/admin/volunteers'

/** Shows that a site's editors see who volunteers, and decide on it. */
export async function volunteersPageSuite(createSite: CreateSite): Promise<void> {
  await tap.test('Who offers to serve the catalog waits for the word of the editors, and is told it', async (t) => {
    const folder = t.testdir()
    const origin = await startSite(t, createSite, `${folder}/origin`, {})
    const volunteer = await startSite(t, createSite, `${folder}/volunteer`, { VOLUNTEER_FOR: `${origin}/v1` })
    const decide = (body: Record<string, string>): Promise<Response> =>
      fetch(origin + PATH, { method: 'POST', redirect: 'manual', body: new URLSearchParams(body) })
    const server = `${volunteer}/v1`

    const asked = await pageWith(origin, `${server}</code>: asked`)
    t.match(asked, 'value="approve"')
    t.match(asked, `${origin}/#k=`, 'a link for readers')
    t.match(await pageWith(volunteer, `${origin}/v1</code>: pending`), 'waits for its operator’s word')

    const approved = await decide({ server, decision: 'approve' })
    t.match([approved.status, approved.headers.get('location')], [303, PATH])
    t.notMatch(await pageWith(origin, `${server}</code>: success`), 'value="approve"')
    t.match(await (await fetch(`${origin}/.well-known/manga/servers`)).json(), { 'load-balancers': [server] })

    t.equal((await decide({ server, decision: 'refuse' })).status, 303)
    t.match(await pageWith(origin, `${server}</code>: refused`), 'value="approve"')

    t.equal((await decide({ server, decision: 'delete' })).status, 400)
    t.equal((await decide({ server: 'https://stranger.example/v1', decision: 'approve' })).status, 404)
    t.match(await (await fetch(`${origin}/about`)).text(), `href="${PATH}"`)
  })

  await tap.test('With open registration nobody is asked', async (t) => {
    const folder = t.testdir()
    const origin = await startSite(t, createSite, `${folder}/origin`, { OPEN_REGISTRATION: '1' })
    const volunteer = await startSite(t, createSite, `${folder}/volunteer`, { VOLUNTEER_FOR: `${origin}/v1` })
    await pageWith(origin, `${volunteer}/v1</code>: success`)
  })

  await tap.test('On a site that others can reach, strangers neither see the volunteers nor decide', async (t) => {
    const site = await startSite(t, createSite, t.testdir(), { SERVER_NAME: 'https://manga.example.com/v1' })
    for (const method of ['GET', 'POST']) t.equal((await fetch(site + PATH, { method })).status, 403)
  })
}

/** @returns the address of a site that others reach under its name. */
async function startSite(
  t: Test,
  createSite: CreateSite,
  dataDir: string,
  variables: Record<string, string>,
): Promise<string> {
  const settings = await readSettings({ PORT: '0', DATA_DIR: dataDir, ...variables }, '')
  const site = await createSite(settings)
  t.teardown(() => site.close())
  return site.listen({ host: '127.0.0.1', port: settings.port })
}

/** The page as soon as it has a text; the test's time is the limit. */
async function pageWith(address: string, text: string): Promise<string> {
  for (;;) {
    const page = await (await fetch(address + PATH)).text()
    if (page.includes(text)) return page
    await pause(50)
  }
}
