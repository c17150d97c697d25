import { isJsonObject, type JsonValue } from '../json/index.ts'
import type { OriginStatus } from '../follow/index.ts'
import type { BalancerFaultCode } from './balancer-state.ts'

/** The longest text of another server that is shown. */
const MAX_SHOWN_CHARACTERS = 500

/** What is known of a registration with another server, as long as the process lives. */
export type RegistrationState =
  /** It was not asked since the start. */
  | 'asking'
  /** The first whole copy of its catalog is on its way. */
  | 'mirroring'
  /** It did not look at this server yet, or its operator's word is missing. */
  | 'pending'
  /** It advertises this server. */
  | 'success'
  /** It looked at this server, and something was wrong. */
  | 'error'
  /** It does not know this server any more; it is asked anew. */
  | 'deleted'
  /** It does not want this server. */
  | 'refused'
  /** It has no load balancers. */
  | 'unsupported'
  /** It could not be asked. */
  | 'unreachable'
  /** It is to be told that this server is no load balancer of its any more. */
  | 'ending'

/** What the other server said of the registration. */
export interface RegistrationFacts {
  readonly state: RegistrationState
  /** What it found wrong, or why it refuses, as it said it; or why it could not be asked. */
  readonly error: { readonly code: string; readonly message: string } | undefined
  /** When that was, POSIX milliseconds. */
  readonly checkedTs: number | undefined
}

/** What `federation.volunteering()` tells of one server that this one serves too. */
export interface VolunteerStatus extends RegistrationFacts {
  /** The server whose catalog is served. */
  readonly serverName: string
  /** The state in words, and what to do where something is to be done. */
  readonly message: string
}

/** What the operator of the volunteer can do about what the other server found. */
const ADVICE: Readonly<Record<BalancerFaultCode, (own: string) => string>> = {
  E100: () => 'Look whether this machine and its network are up and fast enough; following() tells how far it is.',
  E101: (own) => `See that ${own} answers from outside: name, certificate, firewall, proxy.`,
  E102: (own) => `See that ${own}/keys passes through your proxy as it is, and that this machine’s clock is right.`,
  E103: () => 'Look with following() whether something could not be mirrored.',
  E104: () => 'See that no proxy or cache in front changes or keeps what this server answers.',
  E105: (own) => `See that your proxy passes all below ${own}/manga/ on, with %2F in paths left as it is.`,
}

/** What the words for a registration are made of. */
interface Situation {
  /** The server whose catalog is served, and this one. */
  readonly origin: string
  readonly own: string
  readonly error: RegistrationFacts['error']
  /** How far the catalog is mirrored. */
  readonly mirror: OriginStatus | undefined
}

/** What each state means to the operator of the volunteer. */
const WORDS: Readonly<Record<RegistrationState, (situation: Situation) => string>> = {
  asking: ({ origin }) => `${origin} is asked how the registration stands.`,
  mirroring: ({ mirror }) =>
    `This server registers as soon as it holds the whole catalog. ${mirror?.message ?? ''}`.trimEnd(),
  pending: ({ origin }) =>
    `${origin} did not look at this server yet, or waits for its operator’s word. ` +
    'If it takes longer than an hour, ask that operator to approve this server.',
  success: ({ origin }) => `${origin} advertises this server.`,
  error: ({ origin, own, error }) =>
    `${origin} does not advertise this server. ${error?.message ?? ''} ${adviceFor(error?.code, own)}`.trimEnd(),
  deleted: ({ origin }) => `${origin} does not count this server any more; it is asked again.`,
  refused: ({ origin, error }) =>
    `${origin} does not take this server: ${error?.message ?? 'it does not say why.'} ` +
    'Its catalog stays mirrored here. It is asked again each day.',
  unsupported: ({ origin }) => `${origin} runs software without load balancers. Its catalog stays mirrored here.`,
  unreachable: ({ origin, error }) =>
    `${origin} could not be asked: ${error?.message ?? ''} It is tried again by itself.`,
  ending: ({ origin }) =>
    `${origin} could not be told yet that this server is no load balancer of its any more; it is tried again.`,
}

/** Puts into words how a registration stands. */
export function volunteerStatus(
  serverName: string,
  facts: RegistrationFacts,
  { own, mirror }: Pick<Situation, 'own' | 'mirror'>,
): VolunteerStatus {
  const message = WORDS[facts.state]({ origin: serverName, own, error: facts.error, mirror })
  return { serverName, ...facts, message }
}

function adviceFor(code: string | undefined, own: string): string {
  return code !== undefined && Object.hasOwn(ADVICE, code) ? ADVICE[code as BalancerFaultCode](own) : ''
}

/** States that other servers tell (PROTOCOL section 7). */
const TOLD_STATES: ReadonlySet<JsonValue | undefined> = new Set(['pending', 'success', 'error', 'deleted'])

/** Reads `{"state", "error"?}`; undefined when it is none. */
export function readRegistration(json: JsonValue | undefined): Omit<RegistrationFacts, 'checkedTs'> | undefined {
  if (!isJsonObject(json) || !TOLD_STATES.has(json.state)) return undefined
  return { state: json.state as 'pending' | 'success' | 'error' | 'deleted', error: readError(json.error) }
}

/** Reads `{"error_code", "message"}`, which another server may fill as it likes. */
export function readError(json: JsonValue | undefined): RegistrationFacts['error'] {
  if (!isJsonObject(json) || typeof json.error_code !== 'string' || typeof json.message !== 'string') return undefined
  return { code: shown(json.error_code), message: shown(json.message) }
}

function shown(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, MAX_SHOWN_CHARACTERS)
}
