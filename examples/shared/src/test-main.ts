import tap from 'tap'
import { startSite } from './test-process.ts'

/** Shows that an example site is a program as all of them are. */
export async function mainSuite(main: URL): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    await tap.test(`The site says once where it listens, serves, and ends in order at ${signal}`, async (t) => {
      const site = startSite(t, main, { PORT: '0' })
      const address = await site.listening()
      t.equal((await fetch(`${address}/`)).status, 200)
      t.strictSame(await (await fetch(`${address}/.well-known/manga/servers`)).json(), {
        primary: `${address}/v1`,
        'load-balancers': [],
      })

      site.process.kill(signal)
      t.strictSame(await site.exited, [0, null])
      t.equal(site.printed(), `listening on ${address}\n`, 'and prints nothing else')
    })
  }

  await tap.test('A wrong variable ends the start with one sentence', async (t) => {
    const { exited, errors } = startSite(t, main, { PORT: 'http' })
    t.strictSame(await exited, [1, null])
    t.equal(await errors, 'PORT is "http", but it must be a whole number from 0 to 65535 (0 picks a free one).\n')
  })
}
