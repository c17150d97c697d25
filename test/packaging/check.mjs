// Checks the packages as they would be published: each is packed, linted, and then all of them are installed in a
// fresh folder, where a consumer imports, requires and type-checks them. Workspace links hide missing files.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BIN = join(ROOT, 'node_modules/.bin')
// The pnpm that runs this script; it alone understands `workspace:` and `publishConfig`.
const PNPM = process.env.npm_execpath
if (!PNPM) throw new Error('Run this as a script of the workspace: npx pnpm packaging')
const packages = readdirSync(join(ROOT, 'packages'))

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

/** A site as a stranger would set it up. */
function consume(folder, tarballs) {
  const names = Object.keys(tarballs).map((name) => `@manga-federation/${name}`)
  const local = Object.fromEntries(
    Object.entries(tarballs).map(([name, file]) => [`@manga-federation/${name}`, `file:${file}`]),
  )
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/@types/node/package.json'), 'utf8'))
  const fastify = JSON.parse(readFileSync(join(ROOT, 'packages/fastify/package.json'), 'utf8')).devDependencies.fastify
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      type: 'module',
      dependencies: { ...local, fastify, '@types/node': version },
      overrides: local,
    }),
  )
  writeFileSync(join(folder, 'site.ts'), consumerSource(names))
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

function consumerSource(names) {
  return `${names.map((name, index) => `import * as package${index} from '${name}'`).join('\n')}
import Fastify from 'fastify'
import { mangaFederation, type CatalogRepository } from '@manga-federation/fastify'

export const packages: object[] = [${names.map((_, index) => `package${index}`).join(', ')}]

export async function site(catalog: CatalogRepository): Promise<string> {
  const app = Fastify()
  await app.register(mangaFederation, { serverName: 'https://manga.example.com/v1', catalog })
  return app.mangaFederation.serverName
}
`
}

const folder = mkdtempSync(join(tmpdir(), 'manga-federation-packaging-'))
try {
  const tarballs = Object.fromEntries(packages.map((name) => [name, pack(name, folder)]))
  for (const tarball of Object.values(tarballs)) lint(tarball)
  consume(folder, tarballs)
  console.log(`${packages.length} packages are as they should be`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
