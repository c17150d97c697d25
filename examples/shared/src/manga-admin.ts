import { chapterIdOf } from './chapter.ts'
import { chapterOf, EMPTY_FORM, problemsOf, readChapterForm } from './chapter-form.ts'
import { CHAPTERS_PER_PAGE, existingSeries } from './manga-pages.ts'
import { managePage, type FormState } from './pages/manage-page.ts'
import { pagePlace, readListQuery, type Fields } from './paging.ts'
import type { ChapterRow, SeriesRow } from './site-database.ts'
import { SiteError } from './site-error.ts'
import type { SiteLibrary } from './site-library.ts'
import type { SitePage } from './site-page.ts'

/** A chapter that was added or removed, and where the editor goes from there. */
export interface ChapterChange {
  chapterId: string
  location: string
}

/** What the editors of a manga site do; what is not there is a SiteError. */
export interface MangaAdmin {
  /** A form that adds a chapter to a series, and buttons that remove one. */
  manage(seriesId: string, query: Fields): SitePage
  /** @returns the change, or the form with what is wrong with it. */
  addChapter(seriesId: string, body: Fields | undefined): ChapterChange | SitePage
  removeChapter(chapterId: string): ChapterChange
}

/** The admin pages of a manga site. */
export function mangaAdmin(library: SiteLibrary, serverName: string): MangaAdmin {
  return {
    manage(seriesId, query) {
      const { page, added = '' } = readListQuery(query)
      const state = { form: EMPTY_FORM, problems: {}, added: findChapter(added) }
      return formPage(existingSeries(library, seriesId), page, state)
    },
    addChapter(seriesId, body) {
      const series = existingSeries(library, seriesId)
      const form = readChapterForm(body)
      const problems = problemsOf(form, series.numbering)
      if (Object.keys(problems).length > 0) return { ...formPage(series, 1, { form, problems }), status: 422 }

      const id = library.addChapter({ ...chapterOf(form, new Date()), seriesId: series.id }, series.numbering)
      return { chapterId: String(id), location: `${pathOf(series.id)}?added=${id}` }
    },
    removeChapter(chapterId) {
      const chapter = findChapter(chapterId)
      if (!chapter) throw new SiteError(404, 'This site has no such chapter (any more).')
      library.removeChapter(chapter.id)
      return { chapterId: String(chapter.id), location: pathOf(chapter.series_id) }
    },
  }

  function findChapter(text: string): ChapterRow | undefined {
    const id = chapterIdOf(text)
    return id === undefined ? undefined : library.findChapter(id)
  }

  function formPage(series: SeriesRow, page: number, state: FormState): SitePage {
    const total = library.countChapters(series.id)
    const place = pagePlace(page, total, CHAPTERS_PER_PAGE)
    const chapters = library.listChapters(series.id, place.slice)
    return {
      title: `Manage ${series.title}`,
      content: managePage({ series, chapters, total, place, state, serverName }),
    }
  }
}

function pathOf(seriesId: string): string {
  return `/admin/series/${encodeURIComponent(seriesId)}`
}
