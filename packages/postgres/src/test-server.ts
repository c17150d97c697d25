import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { Test } from 'tap'
import { freePort } from '../../../examples/shared/src/free-port.ts'

/** Where Debian keeps the programs of each version; `initdb` and `postgres` are not on the path. */
const DEBIAN_FOLDER = '/usr/lib/postgresql'

/** `nobody`: PostgreSQL refuses to run as root. */
const UNPRIVILEGED_ID = 65534

/** Everybody comes in without a password but `guarded`. */
const WHO_COMES_IN = `
host all guarded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
`

/** Reached by TCP on this machine only. */
const SETTINGS = ['listen_addresses=127.0.0.1', 'unix_socket_directories=']

/** No machine loses its power in a test. */
const TEST_SETTINGS = ['fsync=off', 'max_connections=60']

const programs = folderOfPrograms()

/** Why there is no PostgreSQL to test with; false when there is. */
export const missing: string | false =
  programs === undefined ? 'PostgreSQL is not installed: apt-get install postgresql' : false

/** A PostgreSQL of a test's own, in a temporary folder and on a free port. */
export class TestServer {
  /** Holds the folder of the data, and nothing else. */
  readonly #folder: string
  readonly #port: number
  /** As arguments of the program. */
  readonly #settings: readonly string[]
  #process: ChildProcess | undefined

  private constructor(folder: string, port: number, settings: readonly string[]) {
    this.#folder = folder
    this.#port = port
    this.#settings = [...SETTINGS, `port=${port}`, ...settings].flatMap((setting) => ['-c', setting])
  }

  /** Starts a server, and ends it after the test. */
  static async start(t: Test): Promise<TestServer> {
    const server = await TestServer.open(TEST_SETTINGS)
    t.teardown(() => server.remove())
    return server
  }

  /**
   * Starts a server that whoever asked removes.
   *
   * @param settings - `name=value`; all others are PostgreSQL's defaults.
   */
  static async open(settings: readonly string[]): Promise<TestServer> {
    const folder = mkdtempSync(join(tmpdir(), 'manga-federation-postgres-'))
    if (asUser !== undefined) chownSync(folder, asUser.uid, asUser.gid)
    const how = ['--username=postgres', '--encoding=UTF8', '--no-locale', '--no-sync', '--auth=trust']
    await promisify(execFile)(join(programs!, 'initdb'), ['-D', dataIn(folder), ...how], asUser)
    writeFileSync(join(dataIn(folder), 'pg_hba.conf'), WHO_COMES_IN)
    const server = new TestServer(folder, await freePort(), settings)
    await server.start()
    return server
  }

  /** Ends the server and removes all that it held. */
  async remove(): Promise<void> {
    await this.stop('SIGQUIT')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Of its first process, which started all others; undefined while it does not run. */
  get processId(): number | undefined {
    return this.#process?.pid
  }

  urlFor({ user = 'postgres', password = '', database = 'postgres' } = {}): string {
    return `postgres://${user}:${password}@127.0.0.1:${this.#port}/${database}`
  }

  /** Runs SQL as the superuser. */
  async run(sql: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.urlFor({ database }) })
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows
    } finally {
      await client.end()
    }
  }

  async start(): Promise<void> {
    const server = spawn(join(programs!, 'postgres'), ['-D', dataIn(this.#folder), ...this.#settings], {
      ...asUser,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process = server
    const log: string[] = []
    for await (const line of createInterface({ input: server.stderr })) {
      log.push(line)
      if (line.includes('ready to accept connections')) {
        server.stderr.resume()
        return
      }
    }
    throw new Error(`PostgreSQL did not start:\n${log.join('\n')}`)
  }

  /** @param signal - SIGINT ends it in order, SIGQUIT as a crash does. */
  async stop(signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
    const server = this.#process
    if (server === undefined) return
    this.#process = undefined
    const ended = once(server, 'exit')
    server.kill(signal)
    await ended
  }

  async restart(signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
    await this.stop(signal)
    await this.start()
  }
}

function dataIn(folder: string): string {
  return join(folder, 'data')
}

/** Whoever the tests run as, but not root. */
const asUser: { uid: number; gid: number } | undefined =
  process.getuid?.() === 0 ? { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID } : undefined

function folderOfPrograms(): string | undefined {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : []
  versions.sort((a, b) => Number(b) - Number(a))
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(DEBIAN_FOLDER, version, 'bin')),
  ]
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}
