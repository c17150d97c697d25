import { LRUCache } from 'lru-cache'
import type { Discovery, KnownServers } from '../discovery/index.ts'
import { siteOf } from '../discovery/site.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { JsonObject, JsonValue } from '../json/index.ts'
import { isServerName, type ServerNameOptions } from '../names/index.ts'
import { type CatalogLink, parseLink } from './link.ts'
import type { Notebook } from './notebook.ts'

/** Load balancers that are remembered of one site (PROTOCOL section 3). */
const MAX_LOAD_BALANCERS = 64

/** Sites that are kept at hand. */
const MAX_FOUND = 500

/** Mirrors that came in links are remembered up to so many. */
const MAX_MIRRORS = 8

/** Fingerprints that one link can carry. */
const MAX_FINGERPRINTS = 4

/** A site, and the servers at which its catalog may be found. */
export interface Site {
  readonly domain: string
  /** The primary: the server whose catalog it is. */
  readonly serverName: string
  /** As the site listed them last. They have none of the primary's trust. */
  readonly loadBalancers: readonly string[]
  /** Named by a link. They have none of the primary's trust either. */
  readonly mirrors: readonly string[]
  /** Of the primary's keys, as the first link named them. */
  readonly fingerprints: readonly string[]
  /** When the site itself told of its servers, POSIX milliseconds; undefined when only a link did. */
  readonly toldTs: number | undefined
}

/** A site that was found. */
export interface FoundSite extends Site {
  /** `asked`: the site itself told, now or lately. */
  readonly source: 'asked' | 'remembered' | 'link'
  /** How it was found, in words. */
  readonly message: string
}

/** Finds sites, and remembers them: one that is down is still found by who met it before, or has a link. */
export interface Sites {
  /**
   * @param domainOrLink - `manga.example.com`, or `https://manga.example.com/#k=…&m=…`.
   * @throws FederationError `invalid_parameter`; what the look-up throws when nothing is remembered either.
   */
  find(domainOrLink: string): Promise<FoundSite>
  /** The site of the server with this name, if it was found since the start. */
  ofServer(serverName: string): Site | undefined
  /** The domains that are remembered. */
  domains(): Promise<string[]>
  forget(domain: string): Promise<void>
}

/** What finding works with. */
export interface SitesOptions {
  readonly discovery: Pick<Discovery, 'lookUp'>
  readonly notebook: Notebook
  readonly names: ServerNameOptions
  readonly environment: Environment
}

/** Opens the register of sites. */
export function createSites({ discovery, notebook, names, environment }: SitesOptions): Sites {
  /** By server name. */
  const found = new LRUCache<string, Site>({ max: MAX_FOUND })

  async function remember(site: Site): Promise<void> {
    found.set(site.serverName, site)
    await notebook.write(noteOf(site.domain), writeSite(site))
  }

  async function recall(domain: string): Promise<Site | undefined> {
    const note = await notebook.read(noteOf(domain))
    return note && readSite(domain, note, names)
  }

  async function find(domain: string, link: CatalogLink | undefined): Promise<FoundSite> {
    const before = await recall(domain)
    let known: KnownServers
    try {
      known = await discovery.lookUp(domain)
    } catch (error) {
      return withoutAnswer(domain, before, link, error)
    }
    const told = {
      domain,
      serverName: known.primary,
      loadBalancers: known.loadBalancers,
      toldTs: known.fetchedTs,
    }
    const same = before?.serverName === known.primary ? before : undefined
    const fitting = link?.serverName === known.primary ? link : undefined
    const site = { ...told, ...linked(same, fitting) }
    await remember(site)
    return { ...site, source: 'asked', message: foundWords(site, before, link) }
  }

  async function withoutAnswer(
    domain: string,
    before: Site | undefined,
    link: CatalogLink | undefined,
    error: unknown,
  ): Promise<FoundSite> {
    if (!(error instanceof FederationError) || error.code === 'closed') throw error
    if (before) {
      const site = { ...before, ...linked(before, link?.serverName === before.serverName ? link : undefined) }
      await remember(site)
      const sinceMs = environment.now() - (before.toldTs ?? environment.now())
      const since = before.toldTs === undefined ? 'from a link' : `from ${daysAgo(sinceMs)}`
      const message = `${domain} does not answer (${reasonOf(error)}), but its servers are remembered ${since}.`
      return { ...site, source: 'remembered', message }
    }
    if (!link) throw error
    const site = {
      domain,
      serverName: link.serverName,
      loadBalancers: [],
      toldTs: undefined,
      ...linked(undefined, link),
    }
    await remember(site)
    const message = `${domain} does not answer (${reasonOf(error)}); its servers are those that the link names.`
    return { ...site, source: 'link', message }
  }

  return {
    async find(domainOrLink) {
      const link = parseLink(domainOrLink, names)
      const { domain } = siteOf(link?.domain ?? domainIn(domainOrLink), names)
      return find(domain, link)
    },
    ofServer: (serverName) => found.get(serverName),
    async domains() {
      return (await notebook.names(noteOf(''))).map((name) => name.slice(noteOf('').length))
    },
    async forget(domain) {
      const { domain: spelled } = siteOf(domain, names)
      const site = await recall(spelled)
      await notebook.erase(noteOf(spelled))
      if (!site) return
      found.delete(site.serverName)
      await notebook.erase(`keys:${site.serverName}`)
      await notebook.erase(`head:${site.serverName}`)
    },
  }
}

/** What links say. The first one that named keys is believed, a later one adds only where to look. */
function linked(site: Site | undefined, link: CatalogLink | undefined): Pick<Site, 'mirrors' | 'fingerprints'> {
  const mirrors = new Set([...(link?.mirrors ?? []), ...(site?.mirrors ?? [])])
  const fingerprints = site?.fingerprints.length ? site.fingerprints : (link?.fingerprints ?? [])
  return { mirrors: [...mirrors].slice(0, MAX_MIRRORS), fingerprints }
}

/** The domain in a link without a key, which is a site's address like any other. */
function domainIn(text: string): string {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text).host : text
}

function foundWords({ domain, serverName }: Site, before: Site | undefined, link: CatalogLink | undefined): string {
  const words = [`${domain} names ${serverName}.`]
  if (before && before.serverName !== serverName) {
    words.push(`Before it named ${before.serverName}: it moved, or the domain belongs to somebody else now.`)
  }
  if (link && link.serverName !== serverName) {
    words.push(`The link names ${link.serverName} and is not believed: the site itself has the last word.`)
  }
  return words.join(' ')
}

function daysAgo(ms: number): string {
  const days = Math.floor(ms / (24 * 60 * 60 * 1000))
  return days === 0 ? 'today' : days === 1 ? 'yesterday' : `${days} days ago`
}

function noteOf(domain: string): string {
  return `site:${domain}`
}

function writeSite({ domain: _domain, toldTs, loadBalancers, mirrors, fingerprints, serverName }: Site): JsonObject {
  return {
    serverName,
    loadBalancers: [...loadBalancers],
    mirrors: [...mirrors],
    fingerprints: [...fingerprints],
    toldTs: toldTs ?? null,
  }
}

function readSite(domain: string, note: JsonObject, names: ServerNameOptions): Site | undefined {
  const { serverName, toldTs } = note
  if (typeof serverName !== 'string' || !isServerName(serverName, names)) return undefined
  const serversIn = (list: JsonValue | undefined, max: number): string[] =>
    textsIn(list, max).filter((name) => isServerName(name, names))
  return {
    domain,
    serverName,
    loadBalancers: serversIn(note.loadBalancers, MAX_LOAD_BALANCERS),
    mirrors: serversIn(note.mirrors, MAX_MIRRORS),
    fingerprints: textsIn(note.fingerprints, MAX_FINGERPRINTS),
    toldTs: typeof toldTs === 'number' ? toldTs : undefined,
  }
}

function textsIn(list: JsonValue | undefined, max: number): string[] {
  return Array.isArray(list) ? list.filter((text) => typeof text === 'string').slice(0, max) : []
}
