import type { Verdict } from '@manga-federation/core'
import { html, type Html } from '../html.ts'
import { textArea } from './form-field.ts'

/** How far the form has come in which somebody asks whether something is what its origin signed. */
export interface VerifyState {
  /** What was pasted. */
  text: string
  /** Why it cannot be looked at, in words for whoever pasted it. */
  problem?: string
  /** What is thought of each object in it. */
  verdicts?: readonly Verdict[]
}

const LABEL = 'A series, a chapter, a list of them, or a key document'
const HINT = 'Paste it as a server gives it, for example everything on a page below /manga/series.'

/** The last moment that a `Date` can hold (ECMAScript, time values). */
const MAX_DATE_TS = 8.64e15

/** In words, where a key comes from. */
const SOURCES = {
  own: 'a key of this site',
  origin: 'a key that its server told itself',
  witness: 'a key that witnesses agree on',
  pinned: 'a key that the operator of this site knows',
} as const

/** Where somebody asks whether something is what its origin signed, with the answer below. */
export function verifyPage({ text, problem, verdicts }: VerifyState): Html {
  return html`<h1>Is this what its origin signed?</h1>
    <form method="post" action="/verify">
      <div class="chapter-form">${textArea({ name: 'text', label: LABEL, hint: HINT, value: text, problem })}</div>
      <p><button>Check it</button></p>
    </form>
    ${verdicts?.map(verdictSection)}`
}

function verdictSection(verdict: Verdict): Html {
  const { authentic, reason, message, serverName, madeTs, evidence, origin } = verdict
  return html`<section class="${authentic ? 'notice' : 'message'}">
    <h2>${authentic ? 'Yes' : 'No'}: <code>${reason}</code></h2>
    <p>${message}</p>
    <ul>
      ${serverName && html`<li>Server: <code>${serverName}</code></li>`}
      ${madeTs === undefined ? undefined : html`<li>Counted as made on ${moment(madeTs)}</li>`}
      ${evidence.map(evidenceItem)}
    </ul>
    ${origin && html`<p>What it mirrors:</p>`} ${origin && verdictSection(origin)}
  </section>`
}

function evidenceItem({ keyId, source, toldBy, firstSeenTs }: Verdict['evidence'][number]): Html {
  return html`<li>
    Signed with <code>${keyId}</code>,
    ${SOURCES[source]}${source === 'witness' ? html`: <code>${toldBy.join(', ')}</code>` : undefined}
    ${firstSeenTs === undefined ? undefined : html`(first seen on ${moment(firstSeenTs)})`}
  </li>`
}

/** An object may claim a time that no calendar has. */
function moment(ts: number): Html {
  if (ts > MAX_DATE_TS) return html`${ts}`
  const iso = new Date(ts).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')} UTC</time>`
}
