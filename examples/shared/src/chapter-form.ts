import type { NewChapter } from './chapter.ts'
import type { Fields } from './paging.ts'
import type { SeriesRow } from './site-database.ts'

const FORM_FIELDS = ['number', 'volume', 'title', 'language', 'group'] as const

/** The fields of the form that adds a chapter, as they were typed. */
export type ChapterForm = Record<(typeof FORM_FIELDS)[number], string>

/** What is wrong with a field, in words for whoever filled it in. */
export type FormProblems = Partial<Record<keyof ChapterForm, string>>

/** How the form looks before anybody typed. */
export const EMPTY_FORM: ChapterForm = { number: '', volume: '', title: '', language: 'en', group: '' }

/** The form has five short fields. */
export const MAX_FORM_BYTES = 16 * 1024

const MAX_TEXT_LENGTH = 200
const NUMBER = /^(0|[1-9]\d{0,4})(\.\d{1,3})?$/
const VOLUME = /^(0|[1-9]\d{0,3})$/
/** The language tags that a scanlation site needs: `en`, `pt-BR`, `es-419`, `zh-Hant`. */
const LANGUAGE = /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$/

/** Takes the form's fields from a request's body; what is missing is empty, what is unknown is passed over. */
export function readChapterForm(body: Fields | undefined): ChapterForm {
  const form = { ...EMPTY_FORM }
  for (const name of FORM_FIELDS) {
    const value = body?.[name]
    if (typeof value === 'string') form[name] = value.trim()
  }
  return form
}

/** What is wrong with the form; empty if it can be taken as it is. */
export function problemsOf(form: ChapterForm, numbering: SeriesRow['numbering']): FormProblems {
  const problems: FormProblems = {}
  if (form.number && !NUMBER.test(form.number)) problems.number = 'Write a number such as 10 or 10.5.'
  if (form.volume && !VOLUME.test(form.volume)) problems.volume = 'Write a whole number such as 3.'
  if (!form.volume && numbering === 'by-volume') {
    problems.volume = 'The chapters of this series start again at 1 in each volume, so the volume is needed.'
  }
  if (!LANGUAGE.test(form.language)) problems.language = 'Write a language tag such as en, fr or pt-BR.'
  if (form.title.length > MAX_TEXT_LENGTH) problems.title = `Use at most ${MAX_TEXT_LENGTH} characters.`
  if (form.group.length > MAX_TEXT_LENGTH) problems.group = `Use at most ${MAX_TEXT_LENGTH} characters.`
  return problems
}

/** The chapter that a form without problems describes. */
export function chapterOf(form: ChapterForm, publishedAt: Date): Omit<NewChapter, 'seriesId'> {
  return {
    language: form.language,
    publishedAt: publishedAt.toISOString(),
    ...(form.number && { number: form.number }),
    ...(form.volume && { volume: form.volume }),
    ...(form.title && { title: form.title }),
    ...(form.group && { group: form.group }),
  }
}
