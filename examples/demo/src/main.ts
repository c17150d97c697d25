import { runDemo } from './demo.ts'
import { sayOn } from './terminal.ts'

const [argument] = process.argv.slice(2)
if (argument !== undefined && argument !== '--script') {
  console.error(`${argument} is unknown. Without anything it waits for keys; --script runs it to its end by itself.`)
  process.exit(1)
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
try {
  const isScript = argument === '--script'
  await runDemo({ say: sayOn(process.stdout), isScript, input: process.stdin, stop })
} catch (error) {
  if (!stop.signal.aborted) {
    console.error(error)
    process.exitCode = 1
  }
}
