import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from 'manga-federation-example-shared'
import { CAST, type Role, type RunningMember, withNames } from './cast.ts'
import { listenToKeys } from './keys.ts'
import { type Network, startNetwork } from './network.ts'
import { openReaderSite } from './reader-site.ts'
import { runScript } from './script.ts'
import type { Say } from './terminal.ts'

/** Where the sites and the reader page are if nobody else is there. */
const PREFERRED_PORTS: Readonly<Record<Role | 'reader', number>> = {
  origin: 3000,
  volunteer: 3001,
  witness: 3002,
  reader: 3003,
}

/** How the demonstration is run. */
export interface DemoOptions {
  readonly say: Say
  /** Whether it runs by itself to its end. */
  readonly isScript: boolean
  readonly input: NodeJS.ReadableStream
  /** Ends it in order. */
  readonly stop: AbortController
}

/** Runs the demonstration until somebody ends it, and leaves nothing behind. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { say, stop } = options
  const ports = await choosePorts(say)
  const dataDir = await mkdtemp(join(tmpdir(), 'manga-federation-demo-'))
  try {
    say('demo', 'Three manga sites start on this machine, and join one network. What each of them tells:')
    const names = CAST.map(({ role }) => addressed(role, ports[role]))
    const onNews = (role: Role, news: string): void => say(role, withNames(news, names))
    const network = await startNetwork({ ports, dataDir, onNews, signal: stop.signal })
    try {
      await showNetwork(network, ports.reader, options)
    } finally {
      await network.end()
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function showNetwork(network: Network, port: number, options: DemoOptions): Promise<void> {
  const { say, isScript } = options
  const onSaid = (words: string): void => say('reader', words)
  const readerSite = await openReaderSite({ port, facts: () => network.facts(), onSaid })
  try {
    sayWhereToLook(network.facts().members, readerSite.address, say)
    await (isScript ? runScript(network, say) : followKeys(network, options))
  } finally {
    await readerSite.close()
  }
}

/** Waits until somebody ends the demonstration. */
async function followKeys(network: Network, { say, input, stop }: DemoOptions): Promise<void> {
  const stopListening = listenToKeys(input, {
    onKill: () => void killOrigin(network, say),
    onQuit: () => stop.abort(),
  })
  say('demo', 'Press k to kill the origin for good, and look at the reader page. Press q to end everything.')
  await new Promise<void>((resolve) => {
    if (stop.signal.aborted) resolve()
    stop.signal.addEventListener('abort', () => resolve())
  })
  stopListening()
  say('demo', 'Everything ends.')
}

async function killOrigin(network: Network, say: Say): Promise<void> {
  const wasAlive = network.facts().members.some(({ role, isAlive }) => role === 'origin' && isAlive)
  await network.killOrigin()
  say(
    'demo',
    wasAlive ? 'The origin was killed: no goodbye, and it will not come back.' : 'The origin is gone already.',
  )
  if (wasAlive) say('demo', 'Look at the reader page: it reads on. Press q to end everything.')
}

async function choosePorts(say: Say): Promise<Record<Role | 'reader', number>> {
  const ports = { ...PREFERRED_PORTS }
  for (const [who, preferred] of Object.entries(PREFERRED_PORTS) as [Role | 'reader', number][]) {
    ports[who] = await freePort(preferred)
    if (ports[who] !== preferred) say('demo', `Port ${preferred} is taken; the ${who} takes ${ports[who]}.`)
  }
  return ports
}

function sayWhereToLook(members: readonly RunningMember[], reader: string, say: Say): void {
  say('demo', '')
  say('demo', 'The network is complete:')
  for (const { role, name, framework, address, task } of members) {
    say(role, `${address}  ${name}, on ${framework}: ${task}`)
  }
  say('reader', `${reader}  a page that reads the catalog of the origin from whoever serves it`)
  say('demo', '')
}

function addressed(role: Role, port: number): Pick<RunningMember, 'role' | 'address' | 'serverName'> {
  const address = `http://127.0.0.1:${port}`
  return { role, address, serverName: `${address}/v1` }
}
