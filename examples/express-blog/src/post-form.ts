import {
  chapterOf,
  EMPTY_FORM,
  problemsOf,
  readChapterForm,
  SiteError,
  type ChapterForm,
  type Fields,
  type FormProblems,
  type SeriesRow,
  type SiteLibrary,
} from 'manga-federation-example-shared'
import type { Blog, NewPost } from './blog.ts'

/** The form that writes a post, as it was typed. */
export interface PostForm {
  /** The title of the series. */
  series: string
  /** The id of the series, where the blogger came from its page; empty where the title decides. */
  seriesId: string
  chapter: ChapterForm
  text: string
}

/** What is wrong with a field, in words for whoever filled it in. */
export type PostProblems = FormProblems & { series?: string; text?: string }

const MAX_TITLE_LENGTH = 200
const MAX_TEXT_LENGTH = 20_000
/** A form of the longest text, each letter of which may take nine bytes when it is sent. */
export const MAX_POST_BYTES = 256 * 1024

/** How the form looks before anybody typed. */
export function emptyPostForm(series?: SeriesRow): PostForm {
  return { series: series?.title ?? '', seriesId: series?.id ?? '', chapter: EMPTY_FORM, text: '' }
}

/** Takes the form's fields from a request's body; what is missing is empty, what is unknown is passed over. */
export function readPostForm(body: Fields | undefined): PostForm {
  const field = (name: string): string => {
    const value = body?.[name]
    return typeof value === 'string' ? value.replaceAll('\r\n', '\n').trim() : ''
  }
  return {
    series: field('series'),
    seriesId: field('seriesId'),
    chapter: readChapterForm(body),
    text: field('text'),
  }
}

/**
 * The post that the form describes, or what is wrong with the form.
 *
 * @throws SiteError with status 404 for the id of a series that is not there.
 */
export function postOf(
  form: PostForm,
  library: SiteLibrary,
  blog: Blog,
  now: Date,
): { post: NewPost } | { problems: PostProblems } {
  const candidates = candidatesOf(form, library, blog)
  const [series] = candidates
  const problems: PostProblems = problemsOf(form.chapter, series?.numbering ?? 'continuous')
  if (!form.series && !series) problems.series = 'Write the title of the series.'
  if (!series && form.series.length > MAX_TITLE_LENGTH) problems.series = `Use at most ${MAX_TITLE_LENGTH} characters.`
  if (candidates.length > 1) {
    problems.series = 'Several series have this title. Open the page of the right one, and press Write a post there.'
  }
  if (form.text.length > MAX_TEXT_LENGTH) problems.text = `Use at most ${MAX_TEXT_LENGTH} characters.`
  if (Object.keys(problems).length > 0) return { problems }

  const chapter = chapterOf(form.chapter, now)
  return { post: { series: series ?? { newTitle: form.series }, chapter, text: form.text } }
}

function candidatesOf({ series, seriesId }: PostForm, library: SiteLibrary, blog: Blog): SeriesRow[] {
  if (!seriesId) return blog.findSeriesByTitle(series)
  const chosen = library.findSeries(seriesId)
  if (!chosen) throw new SiteError(404, 'This site has no such series (any more).')
  return [chosen]
}
