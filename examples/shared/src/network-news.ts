import type { IncomingMessage, Server } from 'node:http'
import { consoleLogger, type Federation, type FollowProgress, type Logger } from '@manga-federation/core'

/** The federation's log on the console, and whatever happens with other servers on stdout, a sentence a line. */
export const newsLogger: Logger = {
  ...consoleLogger,
  info: (_details, message) => console.log(message),
  warn(details, message) {
    console.log(message)
    consoleLogger.warn(details, message)
  },
}

/** A request of another server that is news once it was answered well. */
interface Event {
  readonly method: string
  /** Below the server name; a group holds the server that it is about, encoded. */
  readonly path: RegExp
  readonly words: (asking: string, about: string) => string
}

const EVENTS: readonly Event[] = [
  {
    method: 'POST',
    path: /^\/federation\/followers$/,
    words: (asking) => `${asking} follows this site from now on, and is told of each change`,
  },
  { method: 'PUT', path: /^\/federation\/send\//, words: (asking) => `${asking} told this site what is new there` },
  {
    method: 'GET',
    path: /^\/keys\/(?:origin|query)\/([^?]+)/,
    words: (_asking, about) => `was asked for the keys of ${about}, and confirmed them as a witness`,
  },
]

/** A sentence is said again when it was not true for so long: of many pushes in a row, one is told. */
const REPEAT_AFTER_MS = 10_000

/** Sentences that are remembered for that; strangers can ask for the keys of many servers. */
const MAX_REMEMBERED = 1000

/** Who signed a request (PROTOCOL section 8). */
const SIGNER = /;keyid="([^"#]+)#/

/**
 * Tells on stdout, a sentence a line, what a site and other servers do with each other.
 *
 * @param server the site's own, before it listens.
 */
export function tellNews(federation: Pick<Federation, 'serverName' | 'onProgress'>, server: Server): void {
  const { serverName } = federation
  const basePath = new URL(serverName).pathname
  const saidMs = new Map<string, number>()

  function say(words: string): void {
    const nowMs = performance.now()
    if (nowMs - (saidMs.get(words) ?? -Infinity) >= REPEAT_AFTER_MS) console.log(words)
    if (saidMs.size >= MAX_REMEMBERED) saidMs.clear()
    saidMs.set(words, nowMs)
  }

  server.prependListener('request', (request, response) => {
    response.once('finish', () => {
      const words = response.statusCode < 300 ? newsOf(request, basePath, serverName) : undefined
      if (words !== undefined) say(words)
    })
  })
  federation.onProgress((progress) => {
    if (progress.done > 0) say(wordsOfProgress(progress))
  })
}

function newsOf({ method, url = '', headers }: IncomingMessage, basePath: string, own: string): string | undefined {
  if (!url.startsWith(`${basePath}/`)) return undefined
  for (const event of EVENTS) {
    const match = event.method === method ? event.path.exec(url.slice(basePath.length)) : null
    if (!match) continue
    const about = decodeURIComponent(match[1] ?? '')
    // A server is no witness of itself.
    if (about === own) return undefined
    const [, asking = 'another server'] = SIGNER.exec(String(headers['signature-input'])) ?? []
    return event.words(asking, about)
  }
  return undefined
}

function wordsOfProgress({ serverName, done, total, phase }: FollowProgress): string {
  return phase === 'complete'
    ? `holds the whole catalog of ${serverName} and checked each signature: ${done} entries`
    : `applied a page of the catalog of ${serverName}: ${done} of ${total} entries`
}
