import { sameBytes } from '../bytes.ts'
import type { Environment } from '../environment.ts'
import { FederationError, reasonOf } from '../errors.ts'
import type { CatalogStore, KnownVersion } from '../store/index.ts'
import type { Verifier } from '../verify/index.ts'
import type { Listing } from './listing-answer.ts'
import type { ListingChange } from './listing-changes.ts'
import { elementsOf } from './listing-elements.ts'
import { idOfElement, readListedObject } from './listing-object.ts'
import type { ListingReportBuilder } from './listing-report.ts'
import type { ReceivedObject } from './received-object.ts'

/** Objects that are verified and stored together: some 50 ms of work, after which others have their turn. */
const BATCH_OBJECTS = 100

/** Objects that one pass leaves out at most. A server with more wants nothing but to keep this one busy. */
const MAX_REFUSED_OBJECTS = 10_000

/** What an intake works with. */
export interface ListingIntakeParts {
  readonly serverName: string
  /** The name of the pass, for its marks. */
  readonly pass: string
  readonly catalog: Pick<CatalogStore, 'mark' | 'versions'>
  readonly verifier: Pick<Verifier, 'verifyAll'>
  readonly store: (change: ListingChange) => Promise<void>
  readonly report: ListingReportBuilder
  readonly environment: Environment
}

/** An element of a listing: its id, where it shows one, and the object, where it is well formed. */
interface Element {
  readonly id: string | undefined
  readonly object: ReceivedObject | undefined
}

/** Takes in what a server lists: marks it as seen, and stores what is new, well formed and authentic. */
export class ListingIntake {
  readonly #parts: ListingIntakeParts

  constructor(parts: ListingIntakeParts) {
    this.#parts = parts
  }

  /**
   * Takes in one page of a listing.
   *
   * @param body - a JSON array, as received.
   * @returns how many objects it has that the pass did not see before.
   * @throws FederationError `bad_response` for what is no array, and beyond 10,000 objects that were left out.
   */
  async take(listing: Listing, body: Uint8Array): Promise<number> {
    let fresh = 0
    let batch: Uint8Array[] = []
    for (const element of elementsOf(body)) {
      batch.push(element)
      if (batch.length < BATCH_OBJECTS) continue
      fresh += await this.#takeBatch(listing, batch)
      batch = []
    }
    return fresh + (await this.#takeBatch(listing, batch))
  }

  async #takeBatch(listing: Listing, elements: readonly Uint8Array[]): Promise<number> {
    const { serverName, catalog, store, report, environment } = this.#parts
    const fresh = await this.#markFresh(
      listing,
      elements.map((element) => this.#read(listing, element)),
    )
    const known = await catalog.versions(serverName, listing.kind, [...fresh.keys()])
    const news = [...fresh].flatMap(([id, object]) => (object && this.#isNews(object, known.get(id)) ? [object] : []))
    const puts = await this.#authenticAmong(news)
    await store({ puts, deletes: [] })
    report.put += puts.length
    if (report.refused > MAX_REFUSED_OBJECTS) {
      throw new FederationError('bad_response', `More than ${MAX_REFUSED_OBJECTS} listed objects had to be left out.`)
    }
    await environment.yieldToOthers()
    return fresh.size
  }

  #read(listing: Listing, element: Uint8Array): Element {
    try {
      const object = readListedObject(listing, element)
      return { id: object.id, object }
    } catch (error) {
      const id = idOfElement(element)
      this.#parts.report.refuse({ kind: listing.kind, id }, reasonOf(error))
      return { id, object: undefined }
    }
  }

  /** Marks elements as seen, and returns by id those that were not before: of two with one id, the first. */
  async #markFresh({ kind }: Listing, elements: readonly Element[]): Promise<Map<string, ReceivedObject | undefined>> {
    const fresh = new Map<string, ReceivedObject | undefined>()
    for (const { id, object } of elements) if (id !== undefined && !fresh.has(id)) fresh.set(id, object)
    for (const id of await this.#parts.catalog.mark(this.#parts.pass, kind, [...fresh.keys()])) fresh.delete(id)
    return fresh
  }

  /** Whether an object differs from what is held, and is not older. */
  #isNews(object: ReceivedObject, known: KnownVersion | undefined): boolean {
    if (known === undefined) return true
    if (known.contentHash && sameBytes(known.contentHash, object.contentHash)) return false
    if (object.revision === undefined || object.revision >= known.revision) return true
    this.#parts.report.refuse(object, `its revision is ${object.revision}, and it had ${known.revision} before.`)
    return false
  }

  async #authenticAmong(objects: readonly ReceivedObject[]): Promise<ReceivedObject[]> {
    const { serverName, verifier, report } = this.#parts
    const verdicts = await verifier.verifyAll(objects)
    return objects.filter((object, index) => {
      const verdict = verdicts[index]!
      if (verdict.authentic && verdict.serverName === serverName) return true
      report.refuse(object, verdict.authentic ? `it is of ${verdict.serverName}.` : verdict.message)
      return false
    })
  }
}
