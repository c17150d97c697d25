import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Where the imports of a source are looked up. */
const FOLDER = fileURLToPath(new URL('.', import.meta.url))

/** A script, and the files that it is made of. */
export interface Bundle {
  readonly script: string
  readonly files: readonly string[]
}

/**
 * Bundles a source as reader apps do. It fails when something needs a module of Node's, which browsers do not have.
 *
 * @param source - TypeScript, whose exports are in the global `app` when the script has run.
 */
export async function bundle(source: string): Promise<Bundle> {
  const built = await build({
    stdin: { contents: source, resolveDir: FOLDER, loader: 'ts' },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'app',
    minify: true,
    conditions: ['@manga-federation/source'],
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  return { script: built.outputFiles[0]?.text ?? '', files: Object.keys(built.metafile.inputs) }
}
