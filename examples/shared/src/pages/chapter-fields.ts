import type { ChapterForm, FormProblems } from '../chapter-form.ts'
import { html, type Html } from '../html.ts'
import { textField } from './form-field.ts'

const FIELDS = [
  ['number', 'Number', 'Such as 10 or 10.5; empty for a one-shot'],
  ['volume', 'Volume', 'May stay empty'],
  ['title', 'Title', 'Of the chapter; may stay empty'],
  ['language', 'Language', 'Such as en, fr or pt-BR'],
  ['group', 'Group', 'Who made this release; may stay empty'],
] as const

/** The fields that describe a chapter, for any form that adds one. */
export function chapterFields(form: ChapterForm, problems: FormProblems): Html {
  const fields = FIELDS.map(([name, label, hint]) =>
    textField({ name, label, hint, value: form[name], problem: problems[name] }),
  )
  return html`${fields}`
}
