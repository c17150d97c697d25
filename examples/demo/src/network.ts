import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { makeLink } from '@manga-federation/core/client'
import { CAST, type Member, type NetworkFacts, ORIGIN, OTHERS, type Role, type RunningMember } from './cast.ts'
import { type SiteProcess, type SiteProcessOptions, startSite } from './site-process.ts'

/** How often is looked whether everybody has what he needs, and for how long at most. */
const LOOK_EVERY_MS = 200
const MAX_WAIT_MS = 60_000

/** The three sites, in processes of their own. */
export interface Network {
  facts(): NetworkFacts
  /** Ends the origin for good, without a word to anybody. */
  killOrigin(): Promise<void>
  end(): Promise<void>
}

/** What the network is started with. */
export interface NetworkOptions {
  /** The port of each site. */
  readonly ports: Readonly<Record<Role, number>>
  /** An existing folder. */
  readonly dataDir: string
  /** Told what a site says, with server names in it, and who it is. */
  readonly onNews: (role: Role, news: string) => void
  /** Ends a start that somebody does not wait for. */
  readonly signal: AbortSignal
}

/**
 * Starts an origin, a witness and a volunteer, and waits until the origin advertises the volunteer and the witness knows
 * the origin's keys.
 *
 * @throws Error when a site does not start, or that takes longer than a minute.
 */
export async function startNetwork({ ports, dataDir, onNews, signal }: NetworkOptions): Promise<Network> {
  const processes = new Map<Role, SiteProcess>()
  const end = async (): Promise<void> => {
    await Promise.all([...processes.values()].map((site) => site.end()))
  }

  const members = (): RunningMember[] =>
    CAST.map((member) => {
      const address = `http://127.0.0.1:${ports[member.role]}`
      const isAlive = processes.get(member.role)?.isAlive() ?? false
      return { ...member, address, serverName: `${address}/v1`, isAlive }
    })
  const nameOf = (role: Role): string => `http://127.0.0.1:${ports[role]}/v1`

  async function start({ role, folder }: Member): Promise<void> {
    signal.throwIfAborted()
    const siteData = join(dataDir, role)
    await mkdir(siteData)
    const variables = { PORT: String(ports[role]), ...variablesOf(role, nameOf) }
    const onLine = (line: string): void => onNews(role, line)
    processes.set(role, await startSite({ folder, variables, dataDir: siteData, onLine }))
  }

  try {
    await start(ORIGIN)
    const started = await Promise.allSettled(OTHERS.map(start))
    for (const outcome of started) if (outcome.status === 'rejected') throw outcome.reason
    const link = await linkWhenReady(nameOf, signal)
    return {
      facts: () => ({ link, members: members() }),
      killOrigin: async () => processes.get('origin')?.kill(),
      end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** What makes a site what it is here. */
function variablesOf(role: Role, nameOf: (role: Role) => string): SiteProcessOptions['variables'] {
  if (role === 'origin') return { OPEN_REGISTRATION: '1' }
  if (role === 'witness') return { FOLLOW: nameOf('origin') }
  return { VOLUNTEER_FOR: nameOf('origin'), WITNESSES: nameOf('witness') }
}

/** Waits until the catalog is as safe as it gets, and makes the link that the origin gives out from then on. */
async function linkWhenReady(nameOf: (role: Role) => string, signal: AbortSignal): Promise<string> {
  const serverName = nameOf('origin')
  const wellKnown = new URL('/.well-known/manga/servers', serverName)
  const { 'load-balancers': mirrors } = await answerWhen<{ 'load-balancers': string[] }>(
    wellKnown,
    signal,
    ({ 'load-balancers': names }) => names.includes(nameOf('volunteer')),
  )
  await answerWhen(`${nameOf('witness')}/manga/log/origin/${encodeURIComponent(serverName)}/head`, signal)
  const { verify_keys: keys } = await answerWhen<{ verify_keys: Record<string, { key: string }> }>(
    `${serverName}/keys`,
    signal,
  )
  const publicKeys = Object.values(keys).map(({ key }) => new Uint8Array(Buffer.from(key, 'base64')))
  return makeLink({ serverName, publicKeys, mirrors })
}

/** What a site answers, as soon as it answers as it should. */
async function answerWhen<T>(
  url: string | URL,
  signal: AbortSignal,
  isReady: (answer: T) => boolean = () => true,
): Promise<T> {
  for (const untilMs = Date.now() + MAX_WAIT_MS; Date.now() < untilMs; await pause(LOOK_EVERY_MS)) {
    signal.throwIfAborted()
    const response = await fetch(url)
    if (!response.ok) continue
    const answer = (await response.json()) as T
    if (isReady(answer)) return answer
  }
  throw new Error(`${String(url)} did not answer as it should within ${MAX_WAIT_MS / 1000} seconds.`)
}
