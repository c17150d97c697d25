/**
 * What a site tells of its catalog: plain records over its own database, no signatures and no protocol.
 * What stands in `metadata` goes over the wire as it is, signed (PROTOCOL section 6.1).
 */

/** Locale metadata that series and chapters share. Any further field is allowed, signed and kept. */
interface CommonMetadata {
  description?: string
  /** As in RFC 5646. */
  original_language?: string
  content_rating?: 'safe' | 'suggestive' | 'erotica' | 'pornographic'
  /** Links to other catalogs, under MangaDex's keys: `al` AniList, `ap` Anime-Planet, `kt` Kitsu, `mu`, `mal`, … */
  links?: Record<string, string>
  [further: string]: unknown
}

/** What is said of a series in one language. */
export interface SeriesMetadata extends CommonMetadata {
  /** Required, at least one character that shows. */
  title: string
  'alternative-titles'?: string[]
  authors?: string[]
  artists?: string[]
  status?: 'ongoing' | 'completed' | 'hiatus' | 'cancelled'
  genres?: string[]
  tags?: string[]
  reading_direction?: 'rtl' | 'ltr' | 'vertical' | 'webtoon'
  /** The series' id at MangaUpdates. */
  mangaupdates?: string
  /** The series' id at MyAnimeList. */
  myanimelist?: string
  /** `ipfs://CID[/path]`. */
  cover?: string
}

/** What is said of a chapter in one language. */
export interface ChapterMetadata extends CommonMetadata {
  /** Defaults to the text of `chapter`, for the many chapters that have a number and no title. */
  title?: string
  /** An integer that orders the chapters of a series. Defaults to round(`chapter` × 1000). */
  sort_id?: number
  /** The number as text: "10.5". */
  chapter?: string
  /** The volume as text: "3". */
  volume?: string
  alternative_titles?: string[]
  groups?: { name: string; url?: string }[]
  /** As in RFC 5646. */
  language?: string
  /** How many pages it has. */
  pages?: number
  /** RFC 3339: "2026-01-31T12:00:00Z". */
  published_at?: string
}

/** A series of the site's own. */
export interface SeriesRecord {
  /** Text, unique among the site's series, the same for ever; 1 to 255 characters. */
  id: string
  /** By language, RFC 5646: `{ en: { title: 'Tower of God' } }`. At least one. */
  metadata: Record<string, SeriesMetadata>
}

/** A chapter of the site's own. */
export interface ChapterRecord {
  /** Text, unique among the site's chapters, the same for ever; 1 to 255 characters. */
  id: string
  /** The id of the series that it belongs to. */
  seriesId: string
  /** By language, RFC 5646. At least one. */
  metadata: Record<string, ChapterMetadata>
  /** `ipfs://CID[/path]`: a folder of pages. */
  images?: string
}

/** One page of a listing. `next` is missing on the last one. */
export interface Page<T> {
  items: T[]
  /** A cursor of the repository's own making, handed back to get what follows. */
  next?: string
}

/** Which page of a listing to return. */
export interface PageRequest {
  /** The `next` of the page before; undefined for the first one. */
  cursor?: string
  /** At most this many items, 1 to 1,000. Fewer are fine. */
  limit: number
}

/**
 * What a site implements over its own database. Read-only; any stable order.
 * `repositorySuite` in `@manga-federation/testing` tells whether it is right.
 */
export interface CatalogRepository {
  listSeries(page: PageRequest): Promise<Page<SeriesRecord>>
  listChapters(page: PageRequest): Promise<Page<ChapterRecord>>
  /** Undefined when there is none (any more). */
  getSeries(id: string): Promise<SeriesRecord | undefined>
  /** Undefined when there is none (any more). */
  getChapter(id: string): Promise<ChapterRecord | undefined>
}
