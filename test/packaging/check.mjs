// Checks the packages as they would be published: each is packed, linted, and then all of them are installed in a
// fresh folder, where a consumer imports, requires and type-checks them. Workspace links hide missing files.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BIN = join(ROOT, 'node_modules/.bin')
// The pnpm that runs this script; it alone understands `workspace:` and `publishConfig`.
const PNPM = process.env.npm_execpath
if (!PNPM) throw new Error('Run this as a script of the workspace: npx pnpm packaging')
const packages = readdirSync(join(ROOT, 'packages'))

/** A site on each framework, which reaches the federation in the typed way. */
const SITES = {
  fastify: `import Fastify from 'fastify'
export async function site(catalog: CatalogRepository): Promise<string> {
  const app = Fastify()
  await app.register(mangaFederation, { serverName: 'https://manga.example.com/v1', catalog })
  return app.mangaFederation.serverName
}`,
  koa: `import Koa from 'koa'
export function site(catalog: CatalogRepository): Koa {
  const app = new Koa().use(mangaFederation({ serverName: 'https://manga.example.com/v1', catalog }))
  return app.use(async (ctx) => {
    const name: string = ctx.state.mangaFederation.serverName
    ctx.body = name
  })
}`,
  express: `import express from 'express'
export function site(catalog: CatalogRepository): express.Express {
  const app = express().use(mangaFederation({ serverName: 'https://manga.example.com/v1', catalog }))
  return app.use((_request, response) => {
    const name: string = response.locals.mangaFederation.serverName
    response.send(name)
  })
}`,
}

function run(command, args, cwd) {
  console.log(`> ${[command.split('/').at(-1), ...args.map((arg) => arg.split('/').at(-1))].join(' ')}`)
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
}

/** Packs a package as publishing would, `publishConfig` and `workspace:` resolved. */
function pack(name, folder) {
  const cwd = join(ROOT, 'packages', name)
  run(PNPM, ['pack', '--silent', '--pack-destination', folder], cwd)
  const tarball = readdirSync(folder).find((file) => file.startsWith(`manga-federation-${name}-`))
  if (!tarball) throw new Error(`${name} was not packed`)
  return join(folder, tarball)
}

function lint(tarball) {
  run(join(BIN, 'publint'), ['run', tarball, '--strict'], ROOT)
  // ES modules only: require() of them works on every supported Node, which the consumer below shows.
  run(join(BIN, 'attw'), [tarball, '--profile', 'esm-only'], ROOT)
}

/** A site on one framework, as a stranger would set it up. */
function consume(folder, tarballs, adapter) {
  mkdirSync(folder)
  const wanted = Object.keys(tarballs).filter((name) => name === adapter || !(name in SITES))
  const names = wanted.map((name) => `@manga-federation/${name}`)
  const local = Object.fromEntries(
    Object.entries(tarballs).map(([name, file]) => [`@manga-federation/${name}`, `file:${file}`]),
  )
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/@types/node/package.json'), 'utf8'))
  const dependencies = Object.fromEntries(names.map((name) => [name, local[name]]))
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      type: 'module',
      dependencies: { ...dependencies, ...frameworkOf(adapter), '@types/node': version },
      overrides: local,
    }),
  )
  writeFileSync(join(folder, 'site.ts'), consumerSource(names, adapter))
  writeFileSync(
    join(folder, 'site.cjs'),
    names.map((name) => `if (!Object.keys(require('${name}')).length) throw new Error('${name}')`).join('\n'),
  )
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2022',
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        types: ['node'],
      },
      files: ['site.ts'],
    }),
  )
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error'], folder)
  run(join(BIN, 'tsc'), ['-p', folder], folder)
  run(process.execPath, ['--no-warnings', join(folder, 'site.cjs')], folder)
  run(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', names.map((name) => `import '${name}'`).join('\n')],
    folder,
  )
}

/** The framework of an adapter and its types, in the versions that the adapter is developed with. */
function frameworkOf(adapter) {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'packages', adapter, 'package.json'), 'utf8'))
  const names = [adapter, `@types/${adapter}`].filter((name) => name in devDependencies)
  return Object.fromEntries(names.map((name) => [name, devDependencies[name]]))
}

function consumerSource(names, adapter) {
  return `${names.map((name, index) => `import * as package${index} from '${name}'`).join('\n')}
import { mangaFederation, type CatalogRepository } from '@manga-federation/${adapter}'
${SITES[adapter]}
export const packages: object[] = [${names.map((_, index) => `package${index}`).join(', ')}]
`
}

const folder = mkdtempSync(join(tmpdir(), 'manga-federation-packaging-'))
try {
  const tarballs = Object.fromEntries(packages.map((name) => [name, pack(name, folder)]))
  for (const tarball of Object.values(tarballs)) lint(tarball)
  for (const adapter of Object.keys(SITES)) consume(join(folder, adapter), tarballs, adapter)
  console.log(`${packages.length} packages are as they should be`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
