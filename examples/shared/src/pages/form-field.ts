import { html, type Html } from '../html.ts'

/** One field of a form, as it is shown. */
export interface FormField {
  name: string
  label: string
  hint: string
  value: string
  /** What is wrong with it; shown in the place of the hint. */
  problem: string | undefined
  /** The id of a `datalist` with values to choose from. */
  list?: string
}

/** A field of one line. */
export function textField(field: FormField): Html {
  return labeled(
    field,
    html`<input
      name="${field.name}"
      value="${field.value}"
      ${field.list && html` list="${field.list}"`}${attributes(field)}
    />`,
  )
}

/** A field of several lines. A line end right after the tag would be dropped by browsers, so there is one to drop. */
export function textArea(field: FormField): Html {
  const value = `\n${field.value}`
  return labeled(field, html`<textarea name="${field.name}" rows="8" ${attributes(field)}>${value}</textarea>`)
}

function attributes({ name, problem }: FormField): Html {
  return html` aria-describedby="${name}-hint"${problem && html` aria-invalid="true"`}`
}

function labeled({ name, label, hint, problem }: FormField, input: Html): Html {
  return html`<label${problem && html` class="wrong"`}>
<span>${label}</span>
${input}
<small id="${name}-hint">${problem ?? hint}</small>
</label>`
}
