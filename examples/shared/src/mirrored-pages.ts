import { FederationError, type JsonValue, type MirroredCatalog, type MirroredItem } from '@manga-federation/core'
import type { Html } from './html.ts'
import { mirroredListPage, mirroredSection, type MirroredSeries } from './pages/mirrored-list-page.ts'
import { type MirroredChapter, mirroredSeriesPage } from './pages/mirrored-series-page.ts'
import { type Fields, readListQuery } from './paging.ts'
import { SiteError } from './site-error.ts'
import type { SitePage } from './site-page.ts'

/** How many mirrored series a page shows. */
const SERIES_PER_PAGE = 48
/** How many mirrored chapters a page shows, which the federation lists by their ids: within a page they are in order. */
const CHAPTERS_PER_PAGE = 500

/** The pages of what a site mirrors of others, each thing marked with the site that it is from. */
export interface MirroredPages {
  /** A part of the front page; nothing where there is nothing to show. */
  section(query: Fields): Promise<Html | undefined>
  list(query: Fields): Promise<SitePage>
  series(query: Fields): Promise<SitePage>
}

/** Builds the pages over what the federation keeps of other sites. */
export function mirroredPages(catalog: MirroredCatalog): MirroredPages {
  async function seriesOf(
    search: string,
    cursor: string | undefined,
  ): Promise<{ series: MirroredSeries[]; next?: string }> {
    const { items, next } = await catalog.mirrored({ kind: 'series', q: search, cursor, limit: SERIES_PER_PAGE })
    return { series: items.map(toSeries), ...(next && { next }) }
  }

  return {
    async section(query) {
      const { series, next } = await seriesOf(readListQuery(query).search, undefined)
      return series.length === 0 ? undefined : mirroredSection(series, next !== undefined)
    },
    async list(query) {
      const { search } = readListQuery(query)
      const page = await understood(seriesOf(search, textOf(query['after'])))
      return { title: 'From other sites', content: mirroredListPage({ ...page, search }) }
    },
    async series(query) {
      const origin = textOf(query['origin']) ?? ''
      const id = textOf(query['id']) ?? ''
      const found = await catalog.mirroredObject(origin, 'series', id)
      if (!found) throw new SiteError(404, 'This site mirrors no such series.')
      const cursor = textOf(query['after'])
      const listed = catalog.mirrored({ kind: 'chapter', origin, seriesId: id, cursor, limit: CHAPTERS_PER_PAGE })
      const { items, next } = await understood(listed)
      const chapters = items.map(toChapter).sort((a, b) => a.sortId - b.sortId)
      const series = toSeries(found)
      return { title: series.title, content: mirroredSeriesPage({ series, chapters, ...(next && { next }) }) }
    },
  }
}

/** What another site wrote is text where it should be, or it is not shown. */
function toSeries({ origin, id, object }: MirroredItem): MirroredSeries {
  const [language, fields] = preferred(object.metadata)
  return {
    id,
    origin,
    title: textOf(fields['title']) ?? id,
    language,
    authors: textsOf(fields['authors']),
    status: textOf(fields['status']),
    description: textOf(fields['description']),
  }
}

function toChapter({ id, object }: MirroredItem): MirroredChapter {
  const [language, fields] = preferred(object.metadata)
  const groups = Array.isArray(fields['groups']) ? fields['groups'] : []
  const number = textOf(fields['chapter']) ?? null
  const title = textOf(fields['title'])
  return {
    id,
    sortId: typeof fields['sort_id'] === 'number' ? fields['sort_id'] : 0,
    number,
    volume: textOf(fields['volume']) ?? null,
    // A chapter without a title of its own is called by its number.
    title: title === number ? undefined : title,
    language: textOf(fields['language']) ?? language,
    groups: groups.flatMap((group) => nameOf(group) ?? []),
    publishedAt: textOf(fields['published_at']),
  }
}

/** English, or else the first language. */
function preferred(metadata: MirroredItem['object']['metadata']): [language: string, fields: Fields] {
  return metadata['en'] ? ['en', metadata['en']] : (Object.entries(metadata)[0] ?? ['und', {}])
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function nameOf(group: JsonValue): string | undefined {
  return typeof group === 'object' && group !== null && 'name' in group ? textOf(group['name']) : undefined
}

/** What a visitor typed into the address is his mistake, and not the site's. */
async function understood<T>(page: Promise<T>): Promise<T> {
  try {
    return await page
  } catch (error) {
    if (error instanceof FederationError && error.status === 400) throw new SiteError(400, error.message)
    throw error
  }
}
