import tap from 'tap'
import { freePort } from './free-port.ts'
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

  await tap.test('What cannot be used ends the start, with words for whoever started it', async (t) => {
    const nobodyIs = `127.0.0.1:${await freePort()}`
    const cases: [variables: Record<string, string>, says: RegExp][] = [
      [{ PORT: 'http' }, /^PORT is "http", but it must be a whole number from 0 to 65535 \(0 picks a free one\)\.\n$/],
      [
        { STORE: `postgres://site:secret@${nobodyIs}/site` },
        /^The store in PostgreSQL .* Check that PostgreSQL runs, .*\n$/,
      ],
      [{ CACHE: `redis://site:secret@${nobodyIs}` }, /^Redis at .* cannot be used: .* Start it, or mend .*\n$/],
    ]
    await Promise.all(
      cases.map(async ([variables, says]) => {
        const { exited, errors } = startSite(t, main, { PORT: '0', ...variables })
        t.strictSame(await exited, [1, null])
        t.match(await errors, says)
        t.notMatch(await errors, 'secret')
      }),
    )
  })
}
