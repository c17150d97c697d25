import { join } from 'node:path'
import type { Test } from 'tap'
import type { Site } from './run-site.ts'
import type { Settings } from './settings.ts'

/** The name of the sites that are tested; they listen on whatever port is free. */
export const SERVER_NAME = 'http://127.0.0.1:3000/v1'
export const OWN_ORIGIN = 'http://127.0.0.1:3000'

/** What a site answered. */
export interface Answer {
  status: number
  headers: Headers
  body: string
}

/** A site that runs, as a browser and other servers see it. */
export interface TestedSite {
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  /** What a browser sends when somebody fills in a form of the site. */
  post(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Answer>
  /** The numbers of a series' chapters as other servers see them. */
  federatedChapters(seriesId: string): Promise<{ id: string; chapter: string }[]>
}

/** Starts a site with data of its own, and ends it with the test. */
export async function openSite(
  t: Test,
  createSite: (settings: Settings) => Promise<Site>,
  settings: Partial<Settings> = {},
): Promise<TestedSite> {
  const dataDir = settings.dataDir ?? t.testdir()
  const site = await createSite({
    port: 3000,
    serverName: SERVER_NAME,
    allowInsecure: true,
    witnesses: [],
    follow: [],
    volunteerFor: [],
    openRegistration: false,
    news: false,
    dataDir,
    store: { databasePath: join(dataDir, 'manga-federation.db') },
    ...settings,
  })
  t.teardown(() => site.close())
  const address = await site.listen({ host: '127.0.0.1', port: 0 })

  async function send(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(address + path, { redirect: 'manual', ...init })
    return { status: response.status, headers: response.headers, body: await response.text() }
  }

  return {
    get: (path, headers = {}) => send(path, { headers }),
    post: (path, fields = {}, headers = {}) =>
      send(path, { method: 'POST', headers: { origin: OWN_ORIGIN, ...headers }, body: new URLSearchParams(fields) }),
    async federatedChapters(seriesId) {
      const { body } = await send(`/v1/manga/chapters?series_id=${seriesId}`, {})
      const objects: { id: string; metadata: Record<string, { chapter: string }> }[] = JSON.parse(body)
      return objects.map(({ id, metadata }) => ({ id, chapter: Object.values(metadata)[0]?.chapter ?? '' }))
    },
  }
}

/** The headers of an editor who typed this user name and password. */
export function credentials(text: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` }
}

/** Everything on a page that a pattern's first group finds. */
export function found(body: string, pattern: RegExp): string[] {
  return Array.from(body.matchAll(pattern), ([, text = '']) => text.trim())
}
