import { html, type Html } from '../html.ts'

/** The form that searches a list of series. */
export function searchForm(path: string, search: string): Html {
  return html`<form class="search" action="${path}" role="search">
    <input
      type="search"
      name="q"
      value="${search}"
      maxlength="200"
      placeholder="Title in any language"
      aria-label="Title"
    />
    <button>Search</button>
  </form>`
}
