import { decodeCursor, encodeCursor } from '../catalog/index.ts'
import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError } from '../errors.ts'
import type { KeyFinder, KeyRing } from '../keys/index.ts'
import type { ObjectKind } from '../store/index.ts'
import type { Verifier } from '../verify/index.ts'
import type { AnswerOptions } from './answer.ts'
import { type CheckReport, checkServers } from './check.ts'
import { createFailOver } from './fail-over.ts'
import { compareHeads } from './heads.ts'
import { openLedger } from './ledger.ts'
import { contradictionOfLink } from './link-panel.ts'
import type { Listing } from './listing.ts'
import type { Notebook } from './notebook.ts'
import { pageOf, type ReadPage } from './page.ts'
import { chooseServers } from './servers.ts'
import type { FoundSite } from './sites.ts'

/** Objects of one page (PROTOCOL section 6.2). */
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** What to read of a listing. */
export interface ReadQuery {
  /** Text in a title. */
  readonly q?: string
  /** As in RFC 5646: `pt` finds `pt-BR` too. */
  readonly locale?: string
  /** 1 to 1,000; default is 100. */
  readonly limit?: number
  /** The `next` of the page before. */
  readonly cursor?: string
}

/** The catalog of one site, wherever it is served. */
export interface ReaderCatalog {
  readonly domain: string
  /** The server whose catalog it is. */
  readonly serverName: string
  /** How the site was found, in words. */
  readonly message: string
  /**
   * A page of series, by id. From the primary if it answers, else from load balancers; each object is verified.
   *
   * @throws FederationError `unreachable` when no server answers, or nobody knows the keys; `key_conflict`;
   *   `invalid_limit`, `invalid_cursor`.
   */
  series(query?: ReadQuery): Promise<ReadPage>
  /** A page of the chapters of one series, by id. Throws as {@link ReaderCatalog.series} does. */
  chapters(seriesId: string, query?: ReadQuery): Promise<ReadPage>
  /** One series: a page with it, or with nothing. Throws as {@link ReaderCatalog.series} does. */
  seriesById(id: string): Promise<ReadPage>
  /**
   * Reads the whole log, however long, and holds all that every load balancer lists against it. That reads the catalog
   * once for the log and once a server, so it is nothing for a metered connection.
   *
   * @throws FederationError `unreachable` when no server shows the log.
   */
  check(): Promise<CheckReport>
}

/** What a catalog works with. */
export interface ReaderCatalogOptions {
  readonly site: FoundSite
  readonly client: HttpClient
  readonly finder: KeyFinder
  readonly ring: Pick<KeyRing, 'remembered'>
  readonly verifier: Pick<Verifier, 'verifyAll'>
  readonly notebook: Notebook
  readonly maxLogEntries: number
  readonly environment: Environment
  readonly random: () => number
}

/** Opens the catalog of a site that was found. */
export function openCatalog(options: ReaderCatalogOptions): ReaderCatalog {
  const { site, environment } = options
  const { serverName, domain, message } = site
  const heads = compareHeads({ ...options, serverName })
  const ledger = openLedger({ ...options, serverName })
  const asking: AnswerOptions = { ...options, serverName, heads, ledger }
  const others = [...site.loadBalancers, ...site.mirrors]
  const servers = chooseServers({ ...options, primary: serverName, others })
  const failOver = createFailOver({ ...asking, servers, environment })

  async function read(listing: Listing): Promise<ReadPage> {
    const { answer, problems } = await failOver(listing)
    const contradiction = await contradictionOfLink(site, options.ring)
    return pageOf(answer, serverName, contradiction ? [...problems, contradiction] : problems, environment)
  }

  return {
    domain,
    serverName,
    message,
    series: async (query = {}) => read(listingOf('series', undefined, query)),
    chapters: async (seriesId, query = {}) => read(listingOf('chapter', seriesId, query)),
    async seriesById(id) {
      const page = await read(listingOf('series', undefined, { cursor: encodeCursor(justBefore(id)), limit: 1 }))
      return { ...page, items: page.items.filter((item) => item.id === id), next: undefined }
    },
    check: () => checkServers([...servers.ready(), ...servers.resting()], asking),
  }
}

function listingOf(kind: ObjectKind, seriesId: string | undefined, query: ReadQuery): Listing {
  const { q, locale, limit = DEFAULT_LIMIT, cursor } = query
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new FederationError('invalid_limit', `limit is a whole number from 1 to ${MAX_LIMIT}.`)
  }
  const afterId = cursor === undefined ? undefined : decodeCursor(cursor)
  return { kind, seriesId, afterId, limit, q: q === '' ? undefined : q, locale }
}

/** The greatest text below an id that matters, by code point: behind it the id comes first. */
function justBefore(id: string): string {
  const characters = Array.from(id)
  const last = characters.pop()?.codePointAt(0) ?? 0
  const start = characters.join('')
  if (last === 0) return start
  // Surrogates are no characters.
  const before = last === 0xe000 ? 0xd7ff : last - 1
  return `${start}${String.fromCodePoint(before, 0x10ffff)}`
}
