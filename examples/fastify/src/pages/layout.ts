import { html, type Html } from 'manga-federation-example-shared'

/** What pages know of the site itself. */
export interface SiteFacts {
  serverName: string
  /** Whether the site has admin pages. */
  canBeManaged: boolean
}

/** The frame around every page. */
export function layout(site: SiteFacts, title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Paper Lantern</title>
        <link rel="stylesheet" href="/site.css" />
      </head>
      <body>
        <header class="top">
          <a class="brand" href="/"><span class="brand-mark" lang="ja" aria-hidden="true">漫</span> Paper Lantern</a>
          <nav><a href="/">Series</a> <a href="/about">About</a></nav>
        </header>
        <main>${content}</main>
        <footer>
          <p>
            A small manga site, and a member of the Federated Manga network: what it lists is
            <a href="/about">published and signed</a> as <code>${site.serverName}</code>.
          </p>
        </footer>
      </body>
    </html> `
}
