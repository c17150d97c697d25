import { builtinModules } from 'node:module'
import { createContext, runInContext } from 'node:vm'
import { createFederation, memoryStore } from '@manga-federation/core'
import type { Reader, ReaderOptions, ReadPage } from '@manga-federation/core/client'
import t from 'tap'
import { serve } from '../faults/serve.ts'
import { bundle } from './bundle.ts'

/** What an app may load for this, minified: half of it is the list of public suffixes. */
const MAX_SCRIPT_BYTES = 320 * 1024

const SOURCE = `export * from '@manga-federation/core/client'`

void t.test('a reader app’s bundle needs nothing of Node’s', async (t) => {
  const { script, files } = await bundle(SOURCE)
  t.ok(files.some((file) => file.endsWith('core/src/client/reader.ts')))
  t.ok(files.some((file) => file.endsWith('core/src/egress/client-portable.ts')))
  t.notOk(files.some((file) => /-node\.ts$|\/undici\/|\/keyv\//.test(file)))
  const named = builtinModules.filter((name) =>
    new RegExp(`(?:require|from|import)\\(?["'](?:node:)?${name}["']`).test(script),
  )
  t.same(named, [])
  t.ok(script.length < MAX_SCRIPT_BYTES, `${script.length} bytes`)
})

void t.test('a source that does need something of Node’s cannot be bundled so', async (t) => {
  await t.rejects(bundle(`export { createHash } from 'node:crypto'`), /Could not resolve "node:crypto"/)
  await t.rejects(bundle(`export { createServer } from 'http'`), /Could not resolve "http"/)
})

void t.test('the bundle reads a catalog where there are only the globals of React Native', async (t) => {
  const item = { id: 'a', metadata: { en: { title: 'A Series' } } }
  const none = { items: [] }
  const federation = createFederation({
    serverName: 'http://127.0.0.1:1/v1',
    catalog: {
      listSeries: async () => ({ items: [item] }),
      listChapters: async () => none,
      getSeries: async () => item,
      getChapter: async () => undefined,
    },
    store: async () => memoryStore(),
    allowInsecure: true,
  })
  t.teardown(() => federation.close())
  const { server, port } = await serve(federation)
  t.teardown(() => server.close())

  /** Addresses under the federation's name lead to where it is served; and this fetch has no streams. */
  const fetchWithoutStreams = async (url: URL, options: object): Promise<object> => {
    const answer = await fetch(String(url).replace('127.0.0.1:1/', `127.0.0.1:${port}/`), options)
    const { status, headers } = answer
    return { status, headers, url: String(url), body: null, arrayBuffer: () => answer.arrayBuffer() }
  }
  const globals = { URL, URLSearchParams, TextEncoder, TextDecoder, AbortController, setTimeout, clearTimeout }
  const context = createContext({ ...globals, Uint8Array, fetch: fetchWithoutStreams })
  const { script } = await bundle(SOURCE)
  runInContext(script, context)
  const { createReader } = runInContext('app', context) as { createReader(options: ReaderOptions): Reader }
  const reader = createReader({ allowInsecure: true, allowedPorts: 'any' })
  const page: ReadPage = await (await reader.lookup('127.0.0.1:1')).series()
  t.match(page, { isPrimary: true, problems: [], freshness: 'fresh' })
  t.match(page.items[0]?.json, item)
  await reader.close()
})
