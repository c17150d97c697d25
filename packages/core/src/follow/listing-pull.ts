import { needsConfirmation } from '../catalog/index.ts'
import type { Cache } from '../cache/index.ts'
import { randomBytes } from '../crypto/index.ts'
import type { HttpClient } from '../egress/index.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import { encodeBase64 } from '../json/index.ts'
import type { CatalogStore, ObjectKind } from '../store/index.ts'
import type { Telemetry } from '../telemetry/index.ts'
import type { Verifier } from '../verify/index.ts'
import { askForListing, type Listing, type ListingAnswer, listingUrl } from './listing-answer.ts'
import { type ListingChange, type ListingStorage, storeListingChange } from './listing-changes.ts'
import { createListingEtags, type ListingEtags } from './listing-etags.ts'
import { catalogPages } from './listing-pages.ts'
import { ListingIntake } from './listing-intake.ts'
import { type ListingReport, ListingReportBuilder } from './listing-report.ts'

/** Objects that are removed together. */
const REMOVED_TOGETHER = 100

/** What one listing may hold in all its pages; one that is longer never ends. */
const MAX_LISTED_OBJECTS = 1_000_000

/** Pages without anything new after which a listing counts as one that never ends. */
const MAX_PAGES_WITHOUT_NEWS = 100

const SERIES: Listing = { kind: 'series', seriesId: undefined }

/** Chapters first, so that none is ever held without its series. */
const REMOVAL_ORDER: readonly ObjectKind[] = ['chapter', 'series']

/** What listings are pulled with. */
export interface ListingPullerParts {
  readonly client: HttpClient
  readonly catalog: CatalogStore
  readonly verifier: Pick<Verifier, 'verifyAll'>
  readonly cache: Cache
  readonly environment: Environment
  readonly telemetry: Telemetry
}

/** How one pass goes. */
export interface ListingPullRequest {
  /** Stores a part of what the listings changed. */
  readonly commit: ListingStorage['commit']
  /** The operator's word that many missing objects are really gone. */
  readonly confirmRemoval: boolean
  /** When it aborts, the pass ends before its next request and counts as failed. */
  readonly signal: AbortSignal
}

/** Follows servers that have none of our extensions, by their listings (PROTOCOL section 10). */
export interface ListingPuller {
  /**
   * Makes what is held of a server what it lists: verifies and stores what differs, and removes what is not listed, under
   * the same brake as in the site's own catalog. Never rejects.
   */
  pull(serverName: string, request: ListingPullRequest): Promise<ListingReport>
}

/** Builds the puller. */
export function createListingPuller(parts: ListingPullerParts): ListingPuller {
  return { pull: (serverName, request) => new ListingPass(parts, serverName, request).run() }
}

/** One pass over all listings of one server. */
class ListingPass {
  readonly #parts: ListingPullerParts
  readonly #serverName: string
  readonly #request: ListingPullRequest
  readonly #etags: ListingEtags
  readonly #intake: ListingIntake
  readonly #report = new ListingReportBuilder()
  /** The name of this pass's marks. */
  readonly #name = encodeBase64(randomBytes(12))

  constructor(parts: ListingPullerParts, serverName: string, request: ListingPullRequest) {
    this.#parts = parts
    this.#serverName = serverName
    this.#request = request
    this.#etags = createListingEtags(parts, serverName)
    this.#intake = new ListingIntake({
      ...parts,
      serverName,
      pass: this.#name,
      store: (change) => this.#store(change),
      report: this.#report,
    })
  }

  async run(): Promise<ListingReport> {
    const { catalog } = this.#parts
    try {
      await this.#pullSeries()
      await this.#pullChapters()
      return await this.#finish()
    } catch (error) {
      return this.#report.finish('failed', reasonOf(error))
    } finally {
      await catalog.endPass(this.#name).catch(() => undefined)
    }
  }

  async #pullSeries(): Promise<void> {
    if ((await this.#pullListing(SERIES)) === 'unknown') {
      throw new FederationError('bad_response', `${this.#serverName} has no listing of series.`)
    }
  }

  async #pullChapters(): Promise<void> {
    const { catalog } = this.#parts
    let afterId: string | undefined
    for await (const page of catalogPages(catalog, { origin: this.#serverName, ...SERIES })) {
      const ids = page.map(({ id }) => id)
      const next = { afterId, limit: ids.length }
      const gone = new Set(await catalog.listUnmarked(this.#name, this.#serverName, 'series', next))
      afterId = ids.at(-1)
      for (const seriesId of ids.filter((id) => !gone.has(id))) {
        const listing: Listing = { kind: 'chapter', seriesId }
        // Some servers answer so for a series without chapters, others when something broke: what is held stays.
        if ((await this.#pullListing(listing)) === 'unknown') await this.#markHeld(listing)
      }
    }
  }

  /** Removes what was not listed, unless so much is missing that the operator has to say it. */
  async #finish(): Promise<ListingReport> {
    const { catalog } = this.#parts
    const missing = await this.#sum((kind) => catalog.countUnmarked(this.#name, this.#serverName, kind))
    const total = await this.#sum((kind) => catalog.count(this.#serverName, kind))
    this.#report.missing = missing
    if (!this.#request.confirmRemoval && needsConfirmation({ missing, total })) {
      return this.#report.finish(
        'needs_confirmation',
        `${this.#serverName} no longer lists ${missing} of ${total} objects that are mirrored here, so nothing was ` +
          'removed: an answer from a broken database must not erase a catalog. If they are really gone, confirm it.',
      )
    }
    for (const kind of REMOVAL_ORDER) await this.#removeUnlisted(kind)
    return this.#report.finish('complete')
  }

  /** Brings what is held of one listing up to date, and marks what is listed. */
  async #pullListing(listing: Listing): Promise<ListingAnswer['outcome']> {
    const refusedBefore = this.#report.refused
    let answer = await this.#ask(listingUrl(this.#serverName, listing), await this.#etags.ofHeld(listing))
    if (answer.outcome === 'unchanged') await this.#markHeld(listing)
    if (answer.outcome !== 'objects') return answer.outcome
    const { etag, next } = answer
    let listed = await this.#intake.take(listing, answer.body)
    let pagesWithoutNews = 0
    while (answer.outcome === 'objects' && answer.next !== undefined) {
      answer = await this.#ask(answer.next)
      if (answer.outcome !== 'objects') throw new FederationError('bad_response', 'A page of the listing is missing.')
      const fresh = await this.#intake.take(listing, answer.body)
      listed += fresh
      pagesWithoutNews = fresh > 0 ? 0 : pagesWithoutNews + 1
      if (listed > MAX_LISTED_OBJECTS || pagesWithoutNews > MAX_PAGES_WITHOUT_NEWS) {
        throw new FederationError('bad_response', `A listing of ${this.#serverName} never ends.`)
      }
    }
    // An ETag names one page, and what was refused is looked at again next time.
    const isWhole = next === undefined && this.#report.refused === refusedBefore
    if (isWhole && etag !== undefined) await this.#etags.remember(listing, etag, listed)
    return 'objects'
  }

  #ask(url: string, etag?: string): Promise<ListingAnswer> {
    if (this.#request.signal.aborted) {
      throw new FederationError('closed', 'The federation was closed in the middle of a pass.')
    }
    this.#report.requests += 1
    return askForListing(this.#parts.client, this.#serverName, url, etag)
  }

  async #markHeld(listing: Listing): Promise<void> {
    const { catalog } = this.#parts
    for await (const page of catalogPages(catalog, { origin: this.#serverName, ...listing })) {
      const ids = page.map(({ id }) => id)
      await catalog.mark(this.#name, listing.kind, ids)
    }
  }

  async #removeUnlisted(kind: ObjectKind): Promise<void> {
    const { catalog, environment } = this.#parts
    for (;;) {
      const page = { afterId: undefined, limit: REMOVED_TOGETHER }
      const ids = await catalog.listUnmarked(this.#name, this.#serverName, kind, page)
      if (ids.length === 0) return
      const known = await catalog.versions(this.#serverName, kind, ids)
      const deletes = ids.map((id) => ({ kind, id, revision: known.get(id)?.revision ?? 0 }))
      await this.#store({ puts: [], deletes })
      this.#report.deleted += ids.length
      await environment.yieldToOthers()
    }
  }

  async #store(change: ListingChange): Promise<void> {
    const changes = change.puts.length + change.deletes.length
    if (changes === 0) return
    await storeListingChange({ ...this.#parts, commit: this.#request.commit }, this.#serverName, change)
    this.#parts.telemetry.pageApplied('listing', changes)
  }

  async #sum(countOf: (kind: ObjectKind) => Promise<number>): Promise<number> {
    const counts = await Promise.all(REMOVAL_ORDER.map(countOf))
    return counts.reduce((total, count) => total + count, 0)
  }
}
