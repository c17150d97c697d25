import { html, type Html } from '../html.ts'
import { mayBeManaged } from '../admin-access.ts'
import type { Settings } from '../settings.ts'

/** A link with its words. */
export interface Link {
  href: string
  text: string
}

/** What makes one example site look different from the next. */
export interface SiteLook {
  name: string
  /** One letter that stands before the name. */
  mark: string
  /** What the site is, in words that a sentence can begin with: "A small manga site". */
  description: string
  /** Which colors of the stylesheet it has. */
  theme: 'lantern' | 'umbrella' | 'tea'
  menu: readonly Link[]
  /** Where the site's Atom feed is, if it has one. */
  feed?: string
}

/** What pages know of the site itself. */
export interface SiteFacts extends SiteLook {
  serverName: string
  /** Whether the site has admin pages. */
  canBeManaged: boolean
}

/** The site of this look under these settings. */
export function siteFacts(look: SiteLook, settings: Settings): SiteFacts {
  return { ...look, serverName: settings.serverName, canBeManaged: mayBeManaged(settings) }
}

/** The frame around every page. */
export function layout(site: SiteFacts, title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en" class="${site.theme}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · ${site.name}</title>
        <link rel="stylesheet" href="/site.css" />
        ${site.feed && html`<link rel="alternate" type="application/atom+xml" title="${site.name}" href="${site.feed}" />`}
      </head>
      <body>
        <header class="top">
          <a class="brand" href="/"
            ><span class="brand-mark" lang="ja" aria-hidden="true">${site.mark}</span> ${site.name}</a
          >
          <nav>${site.menu.map(({ href, text }) => html`<a href="${href}">${text}</a> `)}</nav>
        </header>
        <main>${content}</main>
        <footer>
          <p>
            ${site.description}, and a member of the Federated Manga network: what it lists is
            <a href="/about">published and signed</a> as <code>${site.serverName}</code>.
          </p>
        </footer>
      </body>
    </html> `
}
