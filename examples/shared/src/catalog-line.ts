import { decodeHTMLStrict } from 'entities'
import type { ChapterRuleInput } from './chapter-rule.ts'
import type { NewSeries } from './site-library.ts'

/** A series of a catalog file, tidied, with what the chapter rule wants to know of it. */
export interface CatalogEntry {
  series: NewSeries
  chapterRule: ChapterRuleInput
}

/** A line that is left out; the message says what is wrong with it. */
export class UnusableLine extends Error {
  override readonly name = 'UnusableLine'
}

type Fields = Readonly<Record<string, unknown>>

/** PROTOCOL section 6.1: ids of catalog objects. */
const MAX_ID_LENGTH = 255
const KANA = /[\p{Script=Hiragana}\p{Script=Katakana}]/u
const HANGUL = /\p{Script=Hangul}/u

/**
 * Understands one line of a catalog file: a JSON object with `id` and `title`, and where known `alternative_titles`,
 * `authors`, `mangaupdates`, `myanimelist`, `anilist`, `animeplanet`, `kitsu`, `languages`, `genre`, `format` and
 * `demographic`.
 *
 * HTML entities in texts are decoded, spaces around them trimmed, and blank texts dropped.
 *
 * @throws UnusableLine
 */
export function parseCatalogLine(text: string): CatalogEntry {
  const fields = parseObject(text)
  const id = textOf(fields, 'id')
  const title = textOf(fields, 'title')
  if (!id || id.length > MAX_ID_LENGTH) throw new UnusableLine(`it needs an id of 1 to ${MAX_ID_LENGTH} characters`)
  if (!title) throw new UnusableLine('it needs a title')

  const alternatives = textsOf(fields, 'alternative_titles').filter((alternative) => alternative !== title)
  const format = textsOf(fields, 'format')
  const mangaupdates = textOf(fields, 'mangaupdates')
  const myanimelist = textOf(fields, 'myanimelist')
  return {
    series: {
      id,
      ...titlesByLanguage(title, alternatives),
      authors: textsOf(fields, 'authors'),
      genres: textsOf(fields, 'genre'),
      tags: [...format, ...textsOf(fields, 'demographic')],
      links: linksOf(fields),
      ...(mangaupdates && { mangaupdates }),
      ...(myanimelist && { myanimelist }),
    },
    chapterRule: {
      id,
      languages: englishFirst(textsOf(fields, 'languages')),
      isOneShot: format.includes('Oneshot'),
    },
  }
}

function parseObject(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new UnusableLine('it is not JSON', { cause })
  }
  if (!isFields(value)) throw new UnusableLine('it is not a JSON object')
  return value
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw new UnusableLine(`its ${name} is not text`)
  return tidy(value) || undefined
}

function textsOf(fields: Fields, name: string): string[] {
  const value = fields[name] ?? []
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new UnusableLine(`its ${name} is not a list of texts`)
  }
  return [...new Set(value.map(tidy))].filter(Boolean)
}

function tidy(text: string): string {
  return decodeHTMLStrict(text).trim()
}

/** The file does not say which language a title is in; kana and Hangul leave no doubt, and the rest stays as it is. */
function titlesByLanguage(
  title: string,
  alternatives: readonly string[],
): Pick<NewSeries, 'titles' | 'alternativeTitles'> {
  const japanese = alternatives.find((alternative) => KANA.test(alternative))
  const korean = alternatives.find((alternative) => HANGUL.test(alternative))
  return {
    titles: { en: title, ...(japanese && { ja: japanese }), ...(korean && { ko: korean }) },
    alternativeTitles: alternatives.filter((alternative) => alternative !== japanese && alternative !== korean),
  }
}

/** Links under the keys that MangaDex uses. */
function linksOf(fields: Fields): Record<string, string> {
  const links = { al: textOf(fields, 'anilist'), ap: textOf(fields, 'animeplanet'), kt: textOf(fields, 'kitsu') }
  return Object.fromEntries(Object.entries(links).filter((link): link is [string, string] => link[1] !== undefined))
}

/** The first language is the one of the main releases. */
function englishFirst(languages: readonly string[]): string[] {
  return languages.toSorted((one, other) => Number(other === 'en') - Number(one === 'en'))
}
