import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { NetworkFacts } from './cast.ts'

/** The longest sentence that the page may have to say. */
const MAX_SAID_BYTES = 2000

/** The site of the reader page. It is none of the network: it only has the files of the page. */
export interface ReaderSite {
  readonly address: string
  close(): Promise<void>
}

/** What the site of the reader page works with. */
export interface ReaderSiteOptions {
  readonly port: number
  /** What the page is told of the network. */
  readonly facts: () => NetworkFacts
  /** Told in words what the page shows. */
  readonly onSaid: (words: string) => void
}

/** What is answered, by method and path. */
type Answers = Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => unknown>>

/** Bundles the reader page and serves it on this machine. */
export async function openReaderSite({ port, facts, onSaid }: ReaderSiteOptions): Promise<ReaderSite> {
  const address = `http://127.0.0.1:${port}`
  const [page, style, script] = await Promise.all([pageFile('index.html'), pageFile('reader.css'), bundleScript()])
  const answers: Answers = {
    'GET /': (_request, response) =>
      send(response, 'text/html', page, { 'content-security-policy': policyFor(facts()) }),
    'GET /reader.css': (_request, response) => send(response, 'text/css', style),
    'GET /reader.js': (_request, response) => send(response, 'text/javascript', script),
    'GET /network.json': (_request, response) => send(response, 'application/json', JSON.stringify(facts())),
    'POST /said': async (request, response) => {
      if (isFromPage(request, address)) onSaid((await text(request)).replaceAll(/\p{Cc}+/gu, ' '))
      response.writeHead(204).end()
    },
  }
  const server = createServer((request, response) => {
    const answer = answers[`${request.method} ${request.url}`]
    if (answer) answer(request, response)
    else response.writeHead(404).end()
  })
  await once(server.listen(port, '127.0.0.1'), 'listening')
  return {
    address,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function pageFile(name: string): Promise<string> {
  return readFile(new URL(`page/${name}`, import.meta.url), 'utf8')
}

/** The page's script with the client in it, as a reader app would bundle it. */
async function bundleScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page/reader.ts', import.meta.url))],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    minify: true,
    // As this process itself was told where to find packages: built, or in tests their sources.
    conditions: process.execArgv.flatMap((argument) => /^--conditions=(.+)$/.exec(argument)?.[1] ?? []),
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

/** The page has its own script and asks its own site and the network's sites, and nobody else. */
function policyFor({ members }: NetworkFacts): string {
  const sites = members.map(({ address }) => address).join(' ')
  const own = "script-src 'self'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
  return `default-src 'none'; img-src data:; connect-src 'self' ${sites}; ${own}`
}

function isFromPage({ headers }: IncomingMessage, address: string): boolean {
  return headers.origin === address && Number(headers['content-length'] ?? Infinity) <= MAX_SAID_BYTES
}

function send(response: ServerResponse, type: string, body: string, headers: Record<string, string> = {}): void {
  const common = { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }
  response.writeHead(200, { ...common, 'x-content-type-options': 'nosniff', ...headers }).end(body)
}
