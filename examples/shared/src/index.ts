export { adminAccess } from './admin-access.ts'
export { chapterIdOf, type NewChapter } from './chapter.ts'
export {
  chapterOf,
  EMPTY_FORM,
  MAX_FORM_BYTES,
  problemsOf,
  readChapterForm,
  type ChapterForm,
  type FormProblems,
} from './chapter-form.ts'
export { fillSite } from './fill-site.ts'
export { freePort } from './free-port.ts'
export { html, type Html } from './html.ts'
export { joinServers } from './join-servers.ts'
export { mangaAdmin } from './manga-admin.ts'
export { about, CHAPTERS_PER_PAGE, existingSeries, mangaPages, seriesList } from './manga-pages.ts'
export { type MirroredPages, mirroredPages } from './mirrored-pages.ts'
export { newsLogger } from './network-news.ts'
export { chapterFields } from './pages/chapter-fields.ts'
export { chapterName, chapterTable } from './pages/chapter-table.ts'
export { cover } from './pages/cover.ts'
export { textArea, textField } from './pages/form-field.ts'
export { siteFacts, type SiteFacts, type SiteLook } from './pages/layout.ts'
export { pager } from './pages/pager.ts'
export { seriesPage } from './pages/series-page.ts'
export { counted, languageName } from './pages/words.ts'
export { pagePlace, readListQuery, type Fields, type PagePlace } from './paging.ts'
export { httpSite, runSite, type Site } from './run-site.ts'
export { type Settings, VARIABLES } from './settings.ts'
export { siteCatalog } from './site-catalog.ts'
export { openSiteDatabase, textByKey, type ChapterRow, type SeriesRow } from './site-database.ts'
export { SiteError } from './site-error.ts'
export { siteLibrary, type SiteLibrary, type Slice } from './site-library.ts'
export { errorPage, NOT_FOUND_PAGE, renderPage, type SitePage } from './site-page.ts'
export type { Database } from './sqlite.ts'
export { openStorage, type Storage } from './storage.ts'
export { readStylesheet, STYLESHEET_HEADERS } from './stylesheet.ts'
export { MAX_VERIFY_BYTES, verifyForm, verifyPasted } from './verify-pages.ts'
export { decideOnVolunteer, volunteers, VOLUNTEERS_PATH } from './volunteer-pages.ts'
