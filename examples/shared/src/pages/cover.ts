import { html, type Html } from '../html.ts'
import { textByKey, type SeriesRow } from '../site-database.ts'

/** How many colors the stylesheet has for covers: `.cover-0`, `.cover-1`, … */
const COVER_COLORS = 6

/** The title in its own language, when the site has it and it is not the one that the page shows anyway. */
export function originalTitle(
  series: Pick<SeriesRow, 'title' | 'titles' | 'original_language'>,
): { language: string; title: string } | undefined {
  const titles = textByKey(series.titles)
  const language = series.original_language ?? (titles['ja'] ? 'ja' : 'ko')
  const title = titles[language]
  return title && title !== series.title ? { language, title } : undefined
}

/** The cover of a series of the site: with its title in its own language. */
export function cover(series: Pick<SeriesRow, 'id' | 'title' | 'titles' | 'original_language'>): Html {
  return titleCover(series.id, originalTitle(series) ?? { language: 'en', title: series.title })
}

/** A cover without a picture: the title on a colored spine, in a color that stays the same for a series. */
export function titleCover(id: string, { language, title }: { language: string; title: string }): Html {
  const color = Array.from(id).reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % COVER_COLORS
  const isUpright = language === 'ja'
  return html`<span class="cover cover-${color}${isUpright ? ' upright' : ''}" lang="${language}" aria-hidden="true">
    <span>${title}</span></span
  >`
}
