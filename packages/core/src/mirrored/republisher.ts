import type { RunningCatalog } from '../catalog/index.ts'
import type { Environment } from '../environment.ts'
import { catalogPages } from '../follow/index.ts'
import { isJsonObject, type JsonValue } from '../json/index.ts'
import type { CatalogStore, LogStore, ObjectKind } from '../store/index.ts'
import { type MirroredIds, nextChanges } from './changes.ts'
import { type Choice, createChoice, REPUBLISHED_PREFIX, type RepublishFilter, republishedId } from './choice.ts'
import type { MirrorProgress, MirrorProgressStore, Republished, RuleName } from './progress.ts'
import { parseStored } from './stored-object.ts'

/** The operator's rule for a server: nothing, everything, or what a filter chooses. */
export type RepublishRule = boolean | RepublishFilter

/** What is needed to republish. */
export interface RepublisherParts {
  /** This server. */
  readonly ownName: string
  readonly catalog: CatalogStore
  readonly log: LogStore
  readonly own: Pick<RunningCatalog, 'republish'>
  readonly progress: MirrorProgressStore
  readonly environment: Environment
  /** When it aborts, a comparison ends before its next page; it begins again with the next start. */
  readonly closing: AbortSignal
}

/** Keeps in the own catalog what is chosen of one other server's objects (PROTOCOL section 6.1). */
export class Republisher {
  readonly #parts: RepublisherParts
  readonly #origin: string
  /** The filter by which everything was compared since the start: its words may have changed since the last one. */
  #comparedBy: RepublishFilter | undefined

  constructor(parts: RepublisherParts, origin: string) {
    this.#parts = parts
    this.#origin = origin
  }

  /**
   * Does the next piece of work, as a `Step`.
   *
   * @param given - the operator's rule, where this process was told it.
   */
  async step(given: RepublishRule | undefined): Promise<boolean> {
    const known = await this.#parts.progress.read(this.#origin)
    if (!known) return false
    const rule = given === undefined ? (known.rule ?? 'none') : nameOfRule(given)
    if (rule !== known.rule) await this.#parts.progress.update(this.#origin, { rule })
    if (rule === 'none') return this.#end(known)
    const filter = typeof given === 'function' ? given : everything
    // A function cannot be stored: until it is given, nothing is known of the operator's choice.
    if (rule === 'filter' && filter === everything) return false
    const { republished } = known
    const isCompared = rule === 'all' || this.#comparedBy === filter
    if (republished?.by !== rule || republished.size === null || !isCompared) {
      await this.#compareAll(rule, filter)
      this.#comparedBy = filter
      return true
    }
    const changes = await nextChanges(this.#parts.log, this.#origin, republished.size)
    if (!changes) return false
    await this.#follow(changes, filter)
    await this.#remember({ by: rule, size: changes.nextSize })
    return true
  }

  /** Takes out of the own catalog whatever is republished of the server. */
  async removeAll(): Promise<void> {
    await this.#removeUnless(() => undefined)
  }

  /** Also where nothing is known: the server may have been followed before, with another rule. */
  async #end({ republished }: MirrorProgress): Promise<boolean> {
    if (republished !== null) {
      await this.removeAll()
      await this.#remember(null)
    }
    return false
  }

  /** Compares everything that is mirrored with everything that is republished. */
  async #compareAll(by: 'all' | 'filter', filter: RepublishFilter): Promise<void> {
    const { size } = await this.#parts.catalog.state(this.#origin)
    // Said first: once anything is republished, it is known that it may have to be taken out.
    await this.#remember({ by, size: null })
    for await (const series of this.#mirroredIds('series')) {
      await this.#publish(this.#choice(filter), { series, chapters: [] })
    }
    for await (const chapters of this.#mirroredIds('chapter')) {
      await this.#publish(this.#choice(filter), { series: [], chapters })
    }
    await this.#removeUnless(() => this.#choice(filter))
    await this.#remember({ by, size })
  }

  /** Brings what changed up to date. A series is put in, or taken out, after its chapters: then it tells that they are. */
  async #follow({ series, chapters }: MirroredIds, filter: RepublishFilter): Promise<void> {
    const choice = this.#choice(filter)
    const republished = await this.#republishedAmong(series)
    for (const id of series) {
      const isChosen = (await choice.find('series', id)) !== undefined
      if (isChosen && !republished.has(id)) await this.#publishChapters(id, filter)
      if (!isChosen && republished.has(id)) await this.#removeChapters(republishedId(this.#origin, 'series', id))
    }
    await this.#publish(choice, { series: [], chapters })
    await this.#publish(choice, { series, chapters: [] })
  }

  async #republishedAmong(series: readonly string[]): Promise<ReadonlySet<string>> {
    const { catalog, ownName } = this.#parts
    const ids = new Map(series.map((id) => [republishedId(this.#origin, 'series', id), id]))
    const versions = await catalog.versions(ownName, 'series', [...ids.keys()])
    const current = [...versions].filter(([, { contentHash }]) => contentHash !== undefined)
    return new Set(current.map(([id]) => ids.get(id)!))
  }

  async #publishChapters(seriesId: string, filter: RepublishFilter): Promise<void> {
    for await (const chapters of this.#mirroredIds('chapter', seriesId)) {
      await this.#publish(this.#choice(filter), { series: [], chapters })
    }
  }

  /** Puts in what is chosen of these, and takes out what is not. */
  async #publish(choice: Choice, { series, chapters }: MirroredIds): Promise<void> {
    const names = [...named('series', series), ...named('chapter', chapters)]
    const found = await Promise.all(
      names.map(async ({ kind, id }) => ({ kind, id, record: await choice.find(kind, id) })),
    )
    const puts = found.flatMap(({ record }) => record ?? [])
    const gone = found.filter(({ record }) => record === undefined)
    await this.#parts.own.republish({
      puts,
      gone: gone.map(({ kind, id }) => ({ kind, id: republishedId(this.#origin, kind, id) })),
    })
  }

  async #removeChapters(seriesId: string): Promise<void> {
    const { catalog, ownName, own } = this.#parts
    for await (const page of catalogPages(catalog, { origin: ownName, kind: 'chapter', seriesId })) {
      await this.#pause()
      await own.republish({ puts: [], gone: named('chapter', idsOf(page)) })
    }
  }

  /** Takes out what is republished of the server and not chosen any more. */
  async #removeUnless(choiceOfPage: () => Choice | undefined): Promise<void> {
    const { catalog, ownName, own } = this.#parts
    for (const kind of ['chapter', 'series'] as const) {
      const query = { origin: ownName, kind, afterId: REPUBLISHED_PREFIX }
      for await (const page of catalogPages(catalog, query)) {
        await this.#pause()
        const choice = choiceOfPage()
        const gone: string[] = []
        for (const { id, bytes } of page) {
          const originId = this.#originIdOf(parseStored(bytes).origin)
          if (originId !== undefined && !(await choice?.find(kind, originId))) gone.push(id)
        }
        if (gone.length > 0) await own.republish({ puts: [], gone: named(kind, gone) })
        if (!page.at(-1)?.id.startsWith(REPUBLISHED_PREFIX)) break
      }
    }
  }

  /** The id that an object of the own catalog has at the server; undefined when it is not of that server. */
  #originIdOf(origin: JsonValue | undefined): string | undefined {
    return isJsonObject(origin) && origin.server === this.#origin ? (origin.id as string) : undefined
  }

  async *#mirroredIds(kind: ObjectKind, seriesId?: string): AsyncGenerator<readonly string[]> {
    for await (const page of catalogPages(this.#parts.catalog, { origin: this.#origin, kind, seriesId })) {
      await this.#pause()
      yield idsOf(page)
    }
  }

  /** Between two pages others have their turn, and whoever closes is not kept waiting. */
  async #pause(): Promise<void> {
    await this.#parts.environment.yieldToOthers()
    this.#parts.closing.throwIfAborted()
  }

  #choice(filter: RepublishFilter): Choice {
    return createChoice(this.#parts.catalog, this.#origin, filter)
  }

  #remember(republished: Republished | null): Promise<void> {
    return this.#parts.progress.update(this.#origin, { republished })
  }
}

/** The rule in one word, as it is stored. */
export function nameOfRule(rule: RepublishRule): RuleName {
  if (typeof rule === 'function') return 'filter'
  return rule ? 'all' : 'none'
}

function everything(): boolean {
  return true
}

function idsOf(page: readonly { readonly id: string }[]): string[] {
  return page.map(({ id }) => id)
}

function named(kind: ObjectKind, ids: readonly string[]): { kind: ObjectKind; id: string }[] {
  return ids.map((id) => ({ kind, id }))
}
