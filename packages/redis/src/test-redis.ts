import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { freePort } from '../../../examples/shared/src/free-port.ts'

/** What speaks the protocol of Redis. */
const PROGRAMS = ['redis-server', 'valkey-server']

/** Those of them that are installed. */
export const programs: readonly string[] = PROGRAMS.filter((program) =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program))),
)

/** Why there is no Redis to test with; false when there is. */
export const missing: string | false =
  programs.length === 0 ? 'Redis is not installed: apt-get install redis-server' : false

/** Everybody comes in without a password but `guarded`. */
const GUARDED = ['--user', 'guarded', 'on', '>sesame', '~*', '&*', '+@all']

/** Nothing is kept on a disk: one that ends forgets all. */
const SETTINGS = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...GUARDED]

/** A Redis of a test's own, on a free port. */
export class TestRedis {
  readonly #program: string
  readonly #port: number
  readonly #folder: string
  #process: ChildProcess | undefined

  private constructor(program: string, port: number, folder: string) {
    this.#program = program
    this.#port = port
    this.#folder = folder
  }

  /** Starts a server, and ends it after the test. */
  static async start(t: Test, program: string = programs[0]!): Promise<TestRedis> {
    const server = new TestRedis(program, await freePort(), t.testdir())
    t.teardown(() => server.stop('SIGKILL'))
    await server.start()
    return server
  }

  /** @param credentials - `guarded:sesame`. */
  urlFor(credentials = ''): string {
    return `redis://${credentials === '' ? '' : `${credentials}@`}127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    const server = spawn(this.#program, [...SETTINGS, '--port', String(this.#port), '--dir', this.#folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = server
    const log: string[] = []
    for await (const line of createInterface({ input: server.stdout })) {
      log.push(line)
      if (line.includes('Ready to accept connections')) {
        server.stdout.resume()
        return
      }
    }
    throw new Error(`${this.#program} did not start:\n${log.join('\n')}`)
  }

  /** @param signal - SIGTERM ends it in order, SIGKILL as a crash does. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const server = this.#process
    if (server === undefined) return
    this.#process = undefined
    const ended = once(server, 'exit')
    server.kill(signal)
    await ended
  }

  /** Lets it hang: connections stay, and nothing is answered. */
  hang(): void {
    this.#process?.kill('SIGSTOP')
  }

  /** Lets it go on. */
  wake(): void {
    this.#process?.kill('SIGCONT')
  }
}
