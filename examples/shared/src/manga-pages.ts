import { html } from './html.ts'
import type { MirroredPages } from './mirrored-pages.ts'
import { aboutPage } from './pages/about-page.ts'
import { chapterTable } from './pages/chapter-table.ts'
import type { SiteFacts } from './pages/layout.ts'
import { seriesListPage } from './pages/series-list-page.ts'
import { seriesPage } from './pages/series-page.ts'
import { pagePlace, readListQuery, type Fields } from './paging.ts'
import { SiteError } from './site-error.ts'
import type { SeriesRow } from './site-database.ts'
import type { SiteLibrary } from './site-library.ts'
import type { SitePage } from './site-page.ts'

const SERIES_PER_PAGE = 48
/** How many chapters a page lists. */
export const CHAPTERS_PER_PAGE = 100

/** What every visitor of a manga site sees; a page that is not there is a SiteError. */
export interface MangaPages {
  /** The site's own series, and below them what it mirrors of other sites. */
  seriesList(query: Fields): Promise<SitePage>
  series(id: string, query: Fields): SitePage
  about(): SitePage
}

/** The public pages of a manga site. What is its own comes from its own database. */
export function mangaPages(library: SiteLibrary, mirrored: MirroredPages, site: SiteFacts): MangaPages {
  return {
    async seriesList(query) {
      const own = seriesList(library, '/', query)
      return { ...own, content: html`${own.content} ${await mirrored.section(query)}` }
    },
    series(id, query) {
      const series = existingSeries(library, id)
      const total = library.countChapters(series.id)
      const place = pagePlace(readListQuery(query).page, total, CHAPTERS_PER_PAGE)
      const chapters = chapterTable(library.listChapters(series.id, place.slice))
      const manage = html`<a class="button" href="/admin/series/${encodeURIComponent(series.id)}">Manage</a>`
      const content = seriesPage({ series, chapters, total, place, action: site.canBeManaged ? manage : undefined })
      return { title: series.title, content }
    },
    about: () => about(site),
  }
}

/**
 * All series, or those that a search finds.
 *
 * @param path where the site has this list.
 */
export function seriesList(library: SiteLibrary, path: string, query: Fields): SitePage {
  const { page, search } = readListQuery(query)
  const total = library.countSeries(search)
  const place = pagePlace(page, total, SERIES_PER_PAGE)
  const content = seriesListPage({ path, series: library.listSeries(search, place.slice), total, search, place })
  return { title: search ? `Search: ${search}` : 'All series', content }
}

/** What the site publishes for other servers. */
export function about(site: SiteFacts): SitePage {
  return { title: 'About this site', content: aboutPage(site) }
}

/** @throws SiteError with status 404. */
export function existingSeries(library: SiteLibrary, id: string): SeriesRow {
  const series = library.findSeries(id)
  if (!series) throw new SiteError(404, 'This site has no such series.')
  return series
}
