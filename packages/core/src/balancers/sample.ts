import { isJsonObject, parseStrict } from '../json/index.ts'
import { type LogReader, MAX_PAGE_BYTES, readEntry } from '../log/index.ts'
import type { CatalogQuery, CatalogStore, LoggedEntry, ObjectKind } from '../store/index.ts'

/** Objects of one page of a sample: the whole catalog of a small site, in 8 MiB at most. */
export const SAMPLE_PAGE_OBJECTS = 100

/** Entries that are drawn until there is a place for both kinds. */
const MAX_DRAWS = 8

/** What samples are drawn from. */
export interface SampleOptions {
  /** This server's. */
  readonly serverName: string
  readonly catalog: Pick<CatalogStore, 'list'>
  readonly logReader: LogReader
  /** From 0 up to 1: nobody may guess where the sample lies. */
  readonly random: () => number
}

/** Where a sample lies. */
interface Place {
  readonly series: string | undefined
  readonly chapter: string | undefined
}

/**
 * Draws the pages that are looked at: of the series, of the chapters, and of the chapters of one series, as readers ask
 * for them. A listing that fits on one page is looked at from its beginning, a longer one from a random place on.
 */
export async function drawSample(options: SampleOptions): Promise<CatalogQuery[]> {
  const place = await drawPlace(options)
  const pages = [await pageFrom('series', place.series, options), await pageFrom('chapter', place.chapter, options)]
  if (place.series === undefined) return pages
  return [...pages, { ...pageOf('chapter', options), seriesId: place.series }]
}

async function pageFrom(kind: ObjectKind, afterId: string | undefined, options: SampleOptions): Promise<CatalogQuery> {
  const page = pageOf(kind, options)
  const first = await options.catalog.list({ ...page, limit: SAMPLE_PAGE_OBJECTS + 1 })
  return first.length <= SAMPLE_PAGE_OBJECTS ? page : { ...page, afterId }
}

function pageOf(kind: ObjectKind, { serverName }: SampleOptions): CatalogQuery {
  return { origin: serverName, kind, limit: SAMPLE_PAGE_OBJECTS }
}

/** The log has every object somewhere, and each of its entries is found at once. */
async function drawPlace({ serverName, logReader, random }: SampleOptions): Promise<Place> {
  const size = (await logReader.head(serverName))?.size ?? 0
  let place: Place = { series: undefined, chapter: undefined }
  for (let draw = 0; draw < MAX_DRAWS && size > 0; draw += 1) {
    if (place.series !== undefined && place.chapter !== undefined) return place
    const since = Math.floor(random() * size)
    const page = await logReader.page(serverName, { since, limit: 1, maxBytes: MAX_PAGE_BYTES })
    const drawn = placeOf(page.entries[0])
    place = { series: place.series ?? drawn.series, chapter: place.chapter ?? drawn.chapter }
  }
  return place
}

function placeOf(entry: LoggedEntry | undefined): Place {
  if (!entry) return { series: undefined, chapter: undefined }
  const { bytes, body } = entry
  const { kind, id } = readEntry(parseStrict(bytes)).header
  if (kind === 'series') return { series: id, chapter: undefined }
  const chapter = body && parseStrict(body)
  const series = isJsonObject(chapter) && typeof chapter.series_id === 'string' ? chapter.series_id : undefined
  return { series, chapter: id }
}
