import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Case } from '../case.ts'
import { openRequest } from './http-client.ts'
import { MIRRORED, MIRRORED_OBJECTS } from './watched-store.ts'
import { API, type SiteUnderTest, type Workbench } from './workbench.ts'

/** A listing of 32 MiB, which core reads in 16 pages. */
const TARGET = `${API}/manga/series/origin/${encodeURIComponent(MIRRORED)}`
const ALL_PAGES = 17

/** So many turns of the event loop without another page show that nobody asks for one. */
const QUIET_TURNS = 200

/** Long listings: as fast as the client reads, and no longer than it listens. */
export function streamCases(skip: string | undefined): Case<Workbench>[] {
  return [
    {
      name: 'a long listing arrives whole',
      run: (bench) =>
        bench.withSite({ withMirrored: true }, async ({ ask }) => {
          const { status, body } = await ask('GET', TARGET)
          assert.equal(status, 200)
          assert.equal((JSON.parse(body.toString()) as unknown[]).length, MIRRORED_OBJECTS)
        }),
    },
    {
      name: 'a listing is read from the store no faster than the client reads',
      skip,
      run: (bench) =>
        bench.withSite({ withMirrored: true }, async (site) => {
          const response = await beginListing(site)
          await quiet(site)
          const pages = site.pages()
          assert.ok(pages < ALL_PAGES / 2, `${pages} of ${ALL_PAGES} pages were read for a client that reads nothing`)
          let length = 0
          for await (const chunk of response as AsyncIterable<Buffer>) length += chunk.byteLength
          assert.equal(site.pages(), ALL_PAGES)
          assert.ok(length > MIRRORED_OBJECTS, 'the rest follows when the client reads on')
        }),
    },
    {
      name: 'a client that goes away in the middle of a listing ends the reading of the store',
      skip,
      run: (bench) =>
        bench.withSite({ withMirrored: true }, async (site) => {
          const page = site.holdUp(3)
          const response = await beginListing(site)
          response.resume()
          await page.reached
          response.destroy()
          await site.ask('GET', `${API}/keys`)
          await quiet(site)
          page.release()
          await quiet(site)
          assert.equal(site.pages(), 3, 'nothing is read after the client left')
        }),
    },
    {
      name: 'closing the site waits for a listing that is under way',
      skip,
      run: (bench) =>
        bench.withSite({ withMirrored: true }, async (site) => {
          const page = site.holdUp(2)
          const listing = site.ask('GET', TARGET)
          await page.reached
          const closed = site.close()
          page.release()
          assert.equal((JSON.parse((await listing).body.toString()) as unknown[]).length, MIRRORED_OBJECTS)
          await closed
        }),
    },
  ]
}

/** Sends the request and reads nothing of the answer but its head. */
async function beginListing({ url }: SiteUnderTest): Promise<IncomingMessage> {
  const request = openRequest(url, 'GET', TARGET)
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  // A connection that is cut on purpose is no failure.
  response.on('error', () => {})
  return response
}

/** Waits until the store was left alone for a while, counted in turns of the event loop. */
async function quiet({ pages }: SiteUnderTest): Promise<void> {
  let seen = pages()
  for (let turn = 0; turn < QUIET_TURNS; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    if (pages() !== seen) turn = 0
    seen = pages()
  }
}
