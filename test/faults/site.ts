import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Federation } from '@manga-federation/core'
import type { Test } from 'tap'
import { nodeArguments } from '../../examples/shared/src/test-process.ts'
import { chaptersAfter } from './changes.ts'
import { type Gate, openGate } from './gate.ts'

/** Says how a disk is mounted on this folder. */
export type MountDisk = (folder: string) => OwnDisk

/** What a site's process is started with. */
export interface SiteStart {
  readonly serverName: string
  readonly databasePath: string
  /** How many changes its database has seen. */
  readonly changes: number
  /** A file that `makeRoom` removes. */
  readonly ballast?: string | undefined
}

type Answer<Method extends (...given: never[]) => Promise<unknown>> = Awaited<ReturnType<Method>>

/** What a running site can be asked, with the argument and the answer of each question. */
export interface SiteQuestions {
  /** Brings its database to this number of changes, and tells its federation. */
  change: [to: number, Answer<Federation['catalog']['changed']>]
  /** The entries of its own log. */
  logSize: [undefined, number]
  /** How many chapters it has published. */
  chapters: [undefined, number]
  follow: [serverName: string, Answer<Federation['follow']>]
  /** Looks at once what a server that it follows has. */
  check: [serverName: string, Answer<Federation['check']>]
  following: [undefined, Answer<Federation['following']>]
  followers: [undefined, Answer<Federation['followers']>]
  /** Warnings and errors since they were last asked for. */
  warnings: [undefined, string[]]
  /** Sets its clock this far off, in milliseconds; what it waits for is not any nearer. */
  setClock: [offsetMs: number, void]
  /** Lets time pass: what falls due happens. */
  passTime: [ms: number, void]
  makeRoom: [undefined, void]
  /** Lets so many of a hundred calls of its store fail from now on, by random choices of this seed. */
  failStore: [how: { ofHundred: number; seed: number }, void]
  /** Copies the database of a federation that was closed. */
  copyDatabase: [to: string, void]
  /** Closes its federation. */
  stop: [undefined, void]
}

/** A program with its arguments. */
export type Command = [string, ...string[]]

/** A disk that only one process sees, and that ends with it. */
export interface OwnDisk {
  /** Where it is mounted. */
  readonly folder: string
  /** A file on it that `makeRoom` removes. */
  readonly ballast: string
  /** A command that mounts it and runs what it gets as its arguments. */
  readonly command: Command
}

/** A site with an address and a database that outlive its processes. */
export interface Site {
  readonly gate: Gate
  readonly serverName: string
  readonly databasePath: string
  /** Starts a process; resolves when it listens. */
  start(how: Partial<SiteStart>): Promise<void>
  /** Ends the process at once, as a power cut does. */
  kill(): Promise<void>
  /** Ends the process after it has closed its federation. The database is at `databasePath` then. */
  stop(): Promise<void>
  ask<Question extends keyof SiteQuestions>(
    question: Question,
    ...argument: SiteQuestions[Question][0] extends undefined ? [] : [SiteQuestions[Question][0]]
  ): Promise<SiteQuestions[Question][1]>
}

/** How long anything may take on a machine that is busy with other tests. */
const DEADLINE_MS = 60_000

/** Between two looks at something that is to happen. */
const LOOK_INTERVAL_MS = 20

/** What passes with each look at a site that tries again; so little that its clock is not taken for wrong. */
const RETRY_PAUSE_MS = 5000

const PROGRAM = fileURLToPath(new URL('site-process.ts', import.meta.url))

/** Opens the place of a site. Its process is ended with the test. */
export async function openSite(t: Test, folder: string, mountDisk?: MountDisk): Promise<Site> {
  const gate = await openGate(t)
  const databasePath = join(folder, 'federation.db')
  const disk = mountDisk?.(join(folder, 'disk'))
  const ownCommand: Command = [process.execPath, ...nodeArguments(), PROGRAM]
  const [program, ...rest]: Command = disk ? [...disk.command, ...ownCommand] : ownCommand
  const env = { ...process.env, NODE_COMPILE_CACHE: join(dirname(folder), 'compiled') }
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  let child: ChildProcess | undefined
  let asked = 0
  t.teardown(kill)

  async function start(how: Partial<SiteStart>): Promise<void> {
    const argument: SiteStart = {
      serverName: gate.serverName,
      databasePath: disk ? join(disk.folder, 'federation.db') : databasePath,
      ballast: disk?.ballast,
      changes: 0,
      ...how,
    }
    const started = spawn(program, [...rest, JSON.stringify(argument)], {
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    child = started
    started.on('message', answered).on('exit', leaveUnanswered)
    const [first] = (await Promise.race([once(started, 'message'), once(started, 'exit')])) as [unknown]
    const port = (first as { port?: number } | null)?.port
    if (port === undefined) throw new Error(`The site's process ended before it listened: ${String(first)}`)
    gate.lead(port)
  }

  function answered(message: object): void {
    if (!('number' in message)) return
    const { number, error, answer } = message as { number: number; error?: string; answer: never }
    const question = waiting.get(number)
    waiting.delete(number)
    if (error === undefined) question?.resolve(answer)
    else question?.reject(new Error(error))
  }

  function leaveUnanswered(): void {
    for (const question of waiting.values()) question.reject(new Error('The site ended before it answered.'))
    waiting.clear()
  }

  async function kill(): Promise<void> {
    const killed = child
    child = undefined
    gate.lead(undefined)
    if (!killed || killed.exitCode !== null || killed.signalCode !== null) return
    const exited = once(killed, 'exit')
    killed.kill('SIGKILL')
    await exited
  }

  const site: Site = {
    gate,
    serverName: gate.serverName,
    databasePath,
    start,
    kill,
    async stop() {
      await site.ask('stop')
      if (disk) await site.ask('copyDatabase', databasePath)
      await kill()
    },
    ask: (question, argument?: unknown) =>
      new Promise((resolve, reject) => {
        if (!child?.connected) throw new Error(`The site does not run, and was asked "${question}".`)
        asked += 1
        waiting.set(asked, { resolve, reject })
        child.send({ number: asked, question, argument }, (error) => {
          if (error) reject(error)
        })
      }),
  }
  return site
}

/**
 * Looks at something until it is as it should be.
 *
 * @returns what was seen at last.
 * @throws when it is not so after a minute, with what was seen.
 */
export async function until<Seen>(look: () => Promise<Seen>, isSo: (seen: Seen) => boolean): Promise<Seen> {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    const seen = await look()
    if (isSo(seen)) return seen
    if (performance.now() > deadline) throw new Error(`It did not come to pass. Last seen: ${JSON.stringify(seen)}`)
    await pause(LOOK_INTERVAL_MS)
  }
}

/** Waits until a site has everything of the log of another one, which is whole meanwhile. */
export async function caughtUp(site: Site, origin: Site): Promise<void> {
  await until(
    async () => ({ wanted: await origin.ask('logSize'), origins: await site.ask('following') }),
    ({ wanted, origins }) =>
      origins.some(({ serverName, size }) => serverName === origin.serverName && size === wanted),
  )
}

/** Waits until a site has published all of its database, while the pauses after what failed pass quickly. */
export async function published(origin: Site, changes: number): Promise<void> {
  const all = chaptersAfter(changes).length
  await until(
    async () => {
      await origin.ask('passTime', RETRY_PAUSE_MS)
      // Its store may fail just now.
      return origin.ask('chapters').catch(() => undefined)
    },
    (chapters) => chapters === all,
  )
}

/** Opens a site that publishes, and one that follows it and has caught up. */
export async function openPair(
  t: Test,
  disks: { readonly origin?: MountDisk; readonly follower?: MountDisk } = {},
): Promise<{ origin: Site; follower: Site }> {
  const folder = t.testdir({ origin: { disk: {} }, follower: { disk: {} } })
  const origin = await openSite(t, join(folder, 'origin'), disks.origin)
  const follower = await openSite(t, join(folder, 'follower'), disks.follower)
  await Promise.all([origin.start({}), follower.start({})])
  await follower.ask('follow', origin.serverName)
  await caughtUp(follower, origin)
  return { origin, follower }
}

/** Ends both sites in good order, so that their databases can be read. */
export async function stopBoth(origin: Site, follower: Site): Promise<void> {
  await follower.stop()
  await origin.stop()
}
