import type { LoadBalancerStatus, VolunteerStatus } from '@manga-federation/core'
import { html, type Html } from '../html.ts'

/** Who serves the site's catalog too, with buttons to approve and refuse; and whose catalog the site serves. */
export function volunteersPage(shown: {
  balancers: readonly LoadBalancerStatus[]
  volunteering: readonly VolunteerStatus[]
  /** To the site, for readers. */
  link: string
}): Html {
  const { balancers, volunteering, link } = shown
  return html`<article class="prose">
    <h1>Volunteers</h1>
    <p>
      Other sites may keep a copy of this catalog and show it to readers, also when this site is down. They cannot
      change it unnoticed: everything in it is signed.
    </p>
    <h2>Who serves this catalog too</h2>
    ${balancers.length === 0 ? html`<p>Nobody has asked yet.</p>` : balancers.map(balancerSection)}
    <h2>Whose catalogs this site serves too</h2>
    ${volunteering.length === 0 ? html`<p>Nobody’s. Start the site with <code>VOLUNTEER_FOR</code> to help.</p>` : volunteering.map(volunteerSection)}
    <h2>A link that outlives this site</h2>
    <p>Whoever has it finds and verifies the catalog even when this site is gone. Share it instead of the address:</p>
    <p class="notice"><code>${link}</code></p>
  </article>`
}

function balancerSection({ serverName, state, message, error }: LoadBalancerStatus): Html {
  return html`<section class="${state === 'success' ? 'notice' : 'message'}">
    <h3><code>${serverName}</code>: ${state} ${error && html`<code>${error.code}</code>`}</h3>
    <p>${message}</p>
    <form class="decision" method="post" action="/admin/volunteers">
      <input type="hidden" name="server" value="${serverName}" />
      ${state === 'asked' || state === 'refused' ? decisionButton('approve', 'Approve', serverName) : undefined}
      ${state === 'refused' || state === 'deleted' ? undefined : decisionButton('refuse', 'Refuse', serverName)}
    </form>
  </section>`
}

function decisionButton(decision: 'approve' | 'refuse', label: string, serverName: string): Html {
  return html`<button class="quiet" name="decision" value="${decision}" aria-label="${label} ${serverName}">
    ${label}
  </button> `
}

function volunteerSection({ serverName, state, message, error }: VolunteerStatus): Html {
  return html`<section class="${state === 'success' ? 'notice' : 'message'}">
    <h3><code>${serverName}</code>: ${state} ${error && html`<code>${error.code}</code>`}</h3>
    <p>${message}</p>
  </section>`
}
