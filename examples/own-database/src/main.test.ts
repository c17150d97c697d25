import { startSite } from 'manga-federation-example-shared/test-process'
import t from 'tap'
import { missing, TestServer } from '../../../packages/postgres/src/test-server.ts'
import { siteDatabase } from './test-database.ts'

const MAIN = new URL('main.ts', import.meta.url)

t.test('the program serves the site, and is the same server when it is started again', { skip: missing }, async (t) => {
  const server = await TestServer.start(t)
  const DATABASE_URL = await siteDatabase(server, 'site', 'small')
  const keys: unknown[] = []
  for (let start = 1; start <= 2; start += 1) {
    const site = startSite(t, MAIN, {
      PORT: '0',
      SERVER_NAME: 'http://127.0.0.1/v1',
      ALLOW_INSECURE: '1',
      DATABASE_URL,
    })
    const address = await site.listening()
    const { verify_keys } = (await (await fetch(`${address}/v1/keys`)).json()) as { verify_keys: unknown }
    keys.push(verify_keys)
    t.match(await (await fetch(address)).json(), [{ title: 'Berserk' }])
    site.process.kill('SIGTERM')
    t.strictSame(await site.exited, [0, null])
    t.equal(await site.errors, '', 'with nothing to complain of')
  }
  t.strictSame(keys[1], keys[0])
})

t.test('without its database the program says so and ends', async (t) => {
  const site = startSite(t, MAIN, { PORT: '0', DATABASE_URL: 'postgres://127.0.0.1:1/manga_site' })
  t.strictSame(await site.exited, [1, null])
  t.match(await site.errors, /PostgreSQL/)
  t.notMatch(await site.errors, / at /, 'no stack')
})
