import type { Store } from '@manga-federation/core'
import { openPostgresStore } from '@manga-federation/postgres'
import type { Test } from 'tap'
import type { TestServer } from '../../packages/postgres/src/test-server.ts'
import { freePort } from '../../examples/shared/src/free-port.ts'
import { type SiteProcess, startSite } from '../../examples/shared/src/test-process.ts'
import { startNginx } from '../adapters/nginx.ts'
import { createSiteTables, type SiteRecord } from './site-tables.ts'

/** What a process is started with. */
export interface ProcessStart {
  readonly serverName: string
  readonly port: number
  readonly connectionString: string
  /** Where the site's own tables and those of the federation are. */
  readonly schemas: { readonly site: string; readonly federation: string }
}

/** What a process tells its operator. */
export interface ProcessStatus {
  /** Whether it has the work that one process does for all. */
  readonly hasClaims: boolean
  /** How often it did what, by the names of spans. */
  readonly work: Readonly<Record<string, number>>
  /** Whether it goes through its whole catalog just now. */
  readonly reconciling: boolean
  /** What it refused of other servers' logs, in words. */
  readonly refusals: readonly string[]
}

const PROGRAM = new URL('site-process.ts', import.meta.url)

/** One process of a cluster, which keeps its port when it is started again. */
export class ClusterProcess {
  readonly address: string
  readonly #t: Test
  readonly #start: ProcessStart
  #lives = 0
  #running: SiteProcess | undefined

  constructor(t: Test, start: ProcessStart) {
    this.#t = t
    this.#start = start
    this.address = `http://127.0.0.1:${start.port}`
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** Its name until it is started again. */
  get life(): string {
    return `${this.#start.schemas.site}, port ${this.#start.port}, start ${this.#lives}`
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const running = startSite(this.#t, PROGRAM, { PROCESS: JSON.stringify(this.#start), DATA_DIR: '' })
    await running.listening()
    this.#lives += 1
    this.#running = running
  }

  /** Ends it as a power cut does. */
  async kill(): Promise<void> {
    const killed = this.#running
    this.#running = undefined
    killed?.process.kill('SIGKILL')
    await killed?.exited
  }

  status(): Promise<ProcessStatus> {
    return getJson(`${this.address}/operator/status`)
  }

  async follow(serverName: string): Promise<void> {
    await postJson(`${this.address}/operator/follow`, serverName)
  }
}

/** A site of several processes behind a balancer, which share one database. */
export class Cluster {
  /** Where the balancer listens. */
  readonly address: string
  /** Its name in the federation. */
  readonly serverName: string
  readonly #t: Test
  readonly #server: TestServer
  readonly #schemas: ProcessStart['schemas']
  readonly #processes: readonly ClusterProcess[]

  private constructor(t: Test, server: TestServer, name: string, address: string, ports: readonly number[]) {
    this.#t = t
    this.#server = server
    this.#schemas = { site: name, federation: `${name}_federation` }
    this.address = address
    this.serverName = `${address}/v1`
    const common = { serverName: this.serverName, connectionString: server.urlFor(), schemas: this.#schemas }
    this.#processes = ports.map((port) => new ClusterProcess(t, { ...common, port }))
  }

  /** Starts a site of so many processes, all at a time and on an empty database. They end with the test. */
  static async open(t: Test, server: TestServer, name: string, size: number): Promise<Cluster> {
    const ports: number[] = []
    while (ports.length < size) ports.push(await freePort())
    const balancer = await startNginx(
      'location / { proxy_pass http://processes; proxy_next_upstream error timeout non_idempotent; }',
      `upstream processes { ${ports.map((port) => `server 127.0.0.1:${port};`).join(' ')} keepalive ${size}; }`,
    )
    t.teardown(() => balancer.stop())
    await server.run(createSiteTables(name))
    const cluster = new Cluster(t, server, name, balancer.url, ports)
    await Promise.all(cluster.#processes.map((process) => process.start()))
    return cluster
  }

  /** Those that run now. */
  running(): ClusterProcess[] {
    return this.#processes.filter(({ isRunning }) => isRunning)
  }

  /** The process that does the work that is one's for all; undefined when none has it. */
  async worker(): Promise<ClusterProcess | undefined> {
    const running = this.running()
    const statuses = await Promise.all(running.map((process) => process.status().catch(() => undefined)))
    return running.find((_, index) => statuses[index]?.hasClaims)
  }

  /** Those that run and do not have that work. */
  async others(): Promise<ClusterProcess[]> {
    const worker = await this.worker()
    return this.running().filter((process) => process !== worker)
  }

  /** What its tables have now. */
  async records(): Promise<SiteRecord[]> {
    return (await this.#server.run(`SELECT * FROM ${this.#schemas.site}.records`)) as unknown as SiteRecord[]
  }

  /** What its federation remembers. The store is closed after the test. */
  async store(): Promise<Store> {
    const store = await openPostgresStore({
      connectionString: this.#server.urlFor(),
      schema: this.#schemas.federation,
    })
    this.#t.teardown(() => store.close())
    return store
  }
}

/** @throws Error when the answer is no success, or none comes. */
export async function getJson<Answer>(url: string): Promise<Answer> {
  return JSON.parse(await answerOf(url, {})) as Answer
}

/** @throws Error when the answer is no success, or none comes. */
export async function postJson(url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await answerOf(url, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function answerOf(url: string, request: RequestInit): Promise<string> {
  const response = await fetch(url, request)
  const text = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`)
  return text
}
