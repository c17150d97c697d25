import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { freePort } from './free-port.ts'

/** Where the federation of a site remembers: in an SQLite file, or in a PostgreSQL. */
export type StoreSetting = { readonly databasePath: string } | { readonly connectionString: string }

/** What an example site is told through environment variables. */
export interface Settings {
  /** The port to listen on, 1 to 65535; default 3000. `PORT=0` picks one that is free. */
  port: number
  /** The base URL of the site's federation API; default `http://127.0.0.1:<port>/v1`. */
  serverName: string
  /** Whether plain `http` and any port are allowed: with `ALLOW_INSECURE=1`, and where nobody gave a server name. */
  allowInsecure: boolean
  /** The servers that are asked for the keys of one that cannot be reached, by their names; default none. */
  witnesses: readonly string[]
  /** The servers whose catalogs are mirrored, by their names; default none. */
  follow: readonly string[]
  /** The servers whose load balancer the site wants to be, by their names; default none. */
  volunteerFor: readonly string[]
  /** Whether other servers become load balancers of this one without the operator's word; default no. */
  openRegistration: boolean
  /** Whether the site also prints what it and other servers do with each other; default no. */
  news: boolean
  /** The absolute path of the folder with the site's databases; default `data` in the example's folder. */
  dataDir: string
  /** Where the federation remembers; default is the file `manga-federation.db` in `dataDir`. */
  store: StoreSetting
  /** The URL of a Redis that all processes of the site share; without it each has a cache of its own. */
  cacheUrl?: string
  /** The absolute path of the NDJSON file to load on the first start; without it the built-in catalog is loaded. */
  catalogFile?: string
  /** What the admin pages ask for. Without it they exist only on a site that nobody else can reach. */
  adminPassword?: string
}

/** An environment variable that cannot be used: which one, what was given unless it is secret, what is expected. */
export class SettingError extends Error {
  constructor(variable: string, given: string | undefined, expected: string) {
    super(`${variable} ${given === undefined ? '' : `is ${JSON.stringify(given)}, but it `}must be ${expected}.`)
    this.name = 'SettingError'
  }
}

/** The environment variables that all example sites obey. */
export const VARIABLES = [
  'PORT',
  'SERVER_NAME',
  'DATA_DIR',
  'STORE',
  'CACHE',
  'CATALOG',
  'ALLOW_INSECURE',
  'ADMIN_PASSWORD',
  'WITNESSES',
  'FOLLOW',
  'VOLUNTEER_FOR',
  'OPEN_REGISTRATION',
  'NEWS',
] as const

type Variables = Readonly<Record<string, string | undefined>>

const DEFAULT_PORT = 3000
const MAX_PORT = 65535

/**
 * Reads and checks the environment variables. An empty value is the same as none.
 *
 * @param variables usually `process.env`.
 * @param exampleFolder the absolute path of the example's own folder, where its data goes by default.
 * @throws SettingError for a value that cannot be used.
 */
export async function readSettings(variables: Variables, exampleFolder: string): Promise<Settings> {
  const port = await readPort(variables)
  const insecureAsked = readSwitch(variables, 'ALLOW_INSECURE')
  const allowInsecure = insecureAsked || !variables['SERVER_NAME']
  const dataDir = variables['DATA_DIR']
    ? absolutePath(variables, variables['DATA_DIR'])
    : resolve(exampleFolder, 'data')
  const catalogFile = await readCatalogFile(variables)
  const cacheUrl = readCacheUrl(variables)
  return {
    port,
    serverName: readServerName(variables, port, insecureAsked),
    allowInsecure,
    witnesses: readServerNames(variables, 'WITNESSES', allowInsecure),
    follow: readServerNames(variables, 'FOLLOW', allowInsecure),
    volunteerFor: readServerNames(variables, 'VOLUNTEER_FOR', allowInsecure),
    openRegistration: readSwitch(variables, 'OPEN_REGISTRATION'),
    news: readSwitch(variables, 'NEWS'),
    dataDir,
    store: readStore(variables, dataDir),
    ...(cacheUrl && { cacheUrl }),
    ...(catalogFile && { catalogFile }),
    ...(variables['ADMIN_PASSWORD'] && { adminPassword: variables['ADMIN_PASSWORD'] }),
  }
}

async function readPort(variables: Variables): Promise<number> {
  const given = variables['PORT'] || String(DEFAULT_PORT)
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Infinity
  if (port > MAX_PORT) {
    throw new SettingError('PORT', given, `a whole number from 0 to ${MAX_PORT} (0 picks a free one)`)
  }
  // It is chosen before the site listens, because the server name contains it.
  return port === 0 ? freePort() : port
}

function readServerName(variables: Variables, port: number, insecureAsked: boolean): string {
  const given = variables['SERVER_NAME']
  if (!given) return `http://127.0.0.1:${port}/v1`

  const problem = serverNameProblem(given, insecureAsked)
  if (problem) throw new SettingError('SERVER_NAME', given, problem)
  return given
}

/** Server names with commas between them; spaces around them do not count, nor does a comma too many. */
function readServerNames(variables: Variables, name: string, allowInsecure: boolean): string[] {
  const given = (variables[name] ?? '').split(',').map((serverName) => serverName.trim())
  const serverNames = given.filter((serverName) => serverName !== '')
  for (const serverName of serverNames) {
    const problem = serverNameProblem(serverName, allowInsecure)
    if (problem) throw new SettingError(name, serverName, `${problem} (several with commas between them)`)
  }
  return serverNames
}

/** What a server name must be, in words, when this is none. The federation itself checks its spelling. */
function serverNameProblem(given: string, allowInsecure: boolean): string | undefined {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || !url.pathname.endsWith('/v1')) {
    return 'an address that ends in /v1, such as https://manga.example.com/v1'
  }
  if (url.protocol === 'http:' && !allowInsecure) {
    return 'an https address; for a test on one machine set ALLOW_INSECURE=1'
  }
  return undefined
}

function readSwitch(variables: Variables, name: string): boolean {
  const given = variables[name] || '0'
  if (given !== '0' && given !== '1') throw new SettingError(name, given, '1 (yes) or 0 (no)')
  return given === '1'
}

/** What is given may contain a password, so it is not repeated. */
function readStore(variables: Variables, dataDir: string): StoreSetting {
  const given = variables['STORE'] || `sqlite:${resolve(dataDir, 'manga-federation.db')}`
  if (isUrlOf(/^postgres(ql)?:$/, given)) return { connectionString: given }
  const [, path] = /^sqlite:(.+)$/.exec(given) ?? []
  if (path) return { databasePath: absolutePath(variables, path) }
  throw new SettingError(
    'STORE',
    undefined,
    'sqlite: and a file, or the address of a PostgreSQL, such as postgres://user:password@localhost:5432/site',
  )
}

function readCacheUrl(variables: Variables): string | undefined {
  const given = variables['CACHE'] || undefined
  if (given === undefined || isUrlOf(/^rediss?:$/, given)) return given
  throw new SettingError('CACHE', undefined, 'the address of a Redis, such as redis://localhost:6379')
}

function isUrlOf(protocol: RegExp, given: string): boolean {
  return URL.canParse(given) && protocol.test(new URL(given).protocol)
}

async function readCatalogFile(variables: Variables): Promise<string | undefined> {
  const given = variables['CATALOG']
  if (!given) return undefined

  const path = absolutePath(variables, given)
  try {
    await access(path, constants.R_OK)
  } catch {
    throw new SettingError('CATALOG', given, `a file that can be read, and there is none at ${path}`)
  }
  return path
}

/** A relative path counts from where the person typed the command; pnpm runs the script in the example's folder. */
function absolutePath(variables: Variables, given: string): string {
  return resolve(variables['INIT_CWD'] ?? process.cwd(), given)
}
