import { html, type Html } from 'manga-federation-example-shared'

/** A page that has nothing to show but a sentence, such as an error. */
export function messagePage(message: string): Html {
  return html`<p class="message">${message}</p>
    <p><a href="/">Back to all series</a></p>`
}
