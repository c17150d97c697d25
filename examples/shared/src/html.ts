import { escapeUTF8 } from 'entities'

/** HTML that is safe to send: the parts that were put into it were escaped. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What may stand in a template: text is escaped, HTML stays as it is, nothing is shown for `undefined` and `null`. */
export type HtmlPart = string | number | undefined | null | Html | readonly HtmlPart[]

/** The tag of templates that make HTML: html`<h1>${title}</h1>`. */
export function html(fixed: TemplateStringsArray, ...parts: HtmlPart[]): Html {
  return new Html(fixed.reduce((text, piece, index) => text + render(parts[index - 1]) + piece))
}

function render(part: HtmlPart): string {
  if (part === undefined || part === null) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(render).join('')
  return escapeUTF8(String(part))
}
