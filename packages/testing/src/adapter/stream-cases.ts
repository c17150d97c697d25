import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Case } from '../case.ts'
import { openRequest } from './http-client.ts'
import { MIRRORED, MIRRORED_OBJECTS } from './watched-store.ts'
import { API, EVENTS, type SiteUnderTest, type Workbench } from './workbench.ts'

/** A listing of 32 MiB, which core reads in 16 pages. */
const TARGET = `${API}/manga/series/origin/${encodeURIComponent(MIRRORED)}`
const ALL_PAGES = 17

/** More than the sockets of both sides keep, and less than core reads at once: 2 MiB. */
const FIRST_PAGE_BYTES = 1_500_000

/** So many turns of the event loop without another page show that nobody asks for one. */
const QUIET_TURNS = 200

/** Long answers: as fast as the client reads, and no longer than it listens. */
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
          const response = await begin(site, TARGET)
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
          const response = await begin(site, TARGET)
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
      name: 'the head and each piece of a listing go out when they are there',
      skip,
      run: (bench) =>
        bench.withSite({ withMirrored: true }, async (site) => {
          const page = site.holdUp(2)
          const chunks = (await begin(site, TARGET)).iterator() as AsyncIterableIterator<Buffer>
          let length = 0
          while (length < FIRST_PAGE_BYTES) length += (await chunks.next()).value.byteLength
          assert.ok(site.pages() <= 2, 'the first page is here while the second is held up')
          page.release()
          for await (const chunk of chunks) length += chunk.byteLength
          assert.ok(length > MIRRORED_OBJECTS, 'the rest follows')
        }),
    },
    {
      name: 'server-sent events begin at once, and a client that leaves them leaves the site as it was',
      skip,
      run: (bench) =>
        bench.withSite({}, async (site) => {
          const response = await begin(site, `${EVENTS}?since=0`)
          assert.equal(response.statusCode, 200)
          assert.match(response.headers['content-type'] ?? '', /^text\/event-stream/)
          assert.equal(response.headers['content-length'], undefined)
          await once(response, 'readable')
          response.destroy()
          assert.equal((await site.ask('GET', `${API}/keys`)).status, 200)
        }),
    },
    {
      name: 'HEAD of server-sent events is answered and ends',
      run: (bench) =>
        bench.withSite({}, async ({ ask }) => {
          const { status, headers, body } = await ask('HEAD', EVENTS)
          assert.deepEqual([status, body.byteLength], [200, 0])
          assert.match(headers['content-type'] ?? '', /^text\/event-stream/)
        }),
    },
    {
      name: 'closing the site ends the streams that stay open',
      skip,
      run: (bench) =>
        bench.withSite({}, async (site) => {
          const responses = [await begin(site, EVENTS), await begin(site, EVENTS)]
          const ends = responses.map((response) => once(response.resume(), 'end'))
          await site.close()
          await Promise.all(ends)
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
async function begin({ url }: SiteUnderTest, target: string): Promise<IncomingMessage> {
  const request = openRequest(url, 'GET', target)
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
