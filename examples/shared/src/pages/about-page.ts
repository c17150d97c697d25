import { html, type Html } from '../html.ts'
import type { SiteFacts } from './layout.ts'

/** What the site publishes for other servers, in words and links. */
export function aboutPage({ serverName, canBeManaged }: SiteFacts): Html {
  const wellKnown = `${new URL(serverName).origin}/.well-known/manga/servers`
  return html`<article class="prose">
    <h1>About this site</h1>
    <p>
      This site keeps its own database and its own pages. It also publishes its catalog to the Federated Manga network,
      so that other sites and reader apps can find it, copy it, and prove that nobody changed it on the way.
    </p>
    <h2>What it publishes</h2>
    <ul class="links">
      <li><a href="${wellKnown}">Where the catalog is</a><br />How others find this site by its name alone.</li>
      <li><a href="${serverName}/manga/series?limit=20">The series</a><br />Each one signed by this site.</li>
      <li><a href="${serverName}/keys">The keys</a><br />What those signatures are checked with.</li>
      <li><a href="${serverName}/federation/version">The version</a><br />Which software answers.</li>
    </ul>
    ${canBeManaged ? forEditors() : undefined}
    <p>The facts about the series of the built-in catalog are real. All chapters, groups and dates are made up.</p>
  </article>`
}

function forEditors(): Html {
  return html`<p><a href="/verify">Check</a> whether something is what its origin signed.</p>
    <p>
      <a href="/admin/volunteers">Volunteers</a>: who serves this catalog too, and whose catalogs this site serves.
    </p>`
}
