import {
  textByKey,
  type ChapterRow,
  type Database,
  type NewChapter,
  type SeriesRow,
  type SiteLibrary,
  type Slice,
} from 'manga-federation-example-shared'
import { isSameTitle, seriesIds } from './series-titles.ts'

/** What a post says of its series. */
export type PostSeries = Pick<SeriesRow, 'id' | 'title' | 'titles' | 'original_language'>

/** A post: a chapter that it announces, and what the blogger wrote about it. */
export interface Post {
  chapter: ChapterRow
  series: PostSeries
  /** Paragraphs, with an empty line between them; empty when nothing was written. */
  text: string
}

/** A post that the blog does not have yet. */
export interface NewPost {
  /** A series of the blog, or the title of one that this post is the first about. */
  series: SeriesRow | { newTitle: string }
  chapter: Omit<NewChapter, 'seriesId'>
  text: string
}

/** The series and chapters that a post brought or took away with it, as the federation wants to be told. */
export interface PostChange {
  series: string[]
  chapters: string[]
}

/** The blogger's posts. Series and chapters are nothing of their own here: there are those that have a post. */
export interface Blog {
  countPosts(): number
  /** The newest first. */
  listPosts(slice: Slice): Post[]
  findPost(chapterId: number): Post | undefined
  /** The series with this title, in any language and in any spelling. */
  findSeriesByTitle(title: string): SeriesRow[]
  publish(post: NewPost): PostChange
  /** Takes a post away, with its chapter, and with the series if it was the last one about it. */
  remove(post: Post): PostChange
}

/** A chapter is announced by being there; only what was written about it needs a place of its own. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS post_texts (
    chapter_id INTEGER PRIMARY KEY REFERENCES chapters (id) ON DELETE CASCADE,
    text       TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS chapters_by_date ON chapters (published_at, id);
`

const POSTS = `
  SELECT chapters.*, series.title AS series_title, series.titles, series.original_language, post_texts.text
  FROM chapters JOIN series ON series.id = series_id LEFT JOIN post_texts ON chapter_id = chapters.id`

type PostRow = ChapterRow &
  Pick<PostSeries, 'titles' | 'original_language'> & { series_title: string; text: string | null }

/** The blog over its one file. */
export function openBlog(database: Database, library: SiteLibrary): Blog {
  database.exec(SCHEMA)
  const postCount = database.prepare<{ count: number }>('SELECT count(*) AS count FROM chapters')
  const newestPosts = database.prepare<PostRow>(
    `${POSTS} ORDER BY published_at DESC, chapters.id DESC LIMIT ? OFFSET ?`,
  )
  const onePost = database.prepare<PostRow>(`${POSTS} WHERE chapters.id = ?`)
  const allSeries = database.prepare<SeriesRow>('SELECT * FROM series')
  const newText = database.prepare('INSERT INTO post_texts (chapter_id, text) VALUES (?, ?)')
  const lonelySeries = database.prepare(
    'DELETE FROM series WHERE id = ? AND NOT EXISTS (SELECT 1 FROM chapters WHERE series_id = series.id)',
  )

  function addSeries(title: string, language: string): string {
    for (const id of seriesIds(title)) {
      if (library.addSeries({ id, titles: { [language]: title } })) return id
    }
    throw new Error('There is always a further id.')
  }

  return {
    countPosts: () => postCount.get()?.count ?? 0,
    listPosts: ({ offset, limit }) => newestPosts.all(limit, offset).map(toPost),
    findPost(chapterId) {
      const row = onePost.get(chapterId)
      return row && toPost(row)
    },
    findSeriesByTitle(title) {
      return allSeries.all().filter(({ titles }) => {
        return Object.values(textByKey(titles)).some((known) => isSameTitle(known, title))
      })
    },
    publish: ({ series, chapter, text }) =>
      inTransaction(database, () => {
        const isNew = 'newTitle' in series
        const seriesId = isNew ? addSeries(series.newTitle, chapter.language) : series.id
        const id = library.addChapter({ ...chapter, seriesId }, isNew ? 'continuous' : series.numbering)
        if (text) newText.run(id, text)
        return { series: isNew ? [seriesId] : [], chapters: [String(id)] }
      }),
    remove: ({ chapter }) =>
      inTransaction(database, () => {
        library.removeChapter(chapter.id)
        const wasLast = Number(lonelySeries.run(chapter.series_id).changes) === 1
        return { series: wasLast ? [chapter.series_id] : [], chapters: [String(chapter.id)] }
      }),
  }
}

function toPost({ series_title, titles, original_language, text, ...chapter }: PostRow): Post {
  return {
    chapter,
    series: { id: chapter.series_id, title: series_title, titles, original_language },
    text: text ?? '',
  }
}

/** All of it or nothing. */
function inTransaction<T>(database: Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}
