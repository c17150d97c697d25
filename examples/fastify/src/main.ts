import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FederationError } from '@manga-federation/fastify'
import { readSettings, SettingError } from 'manga-federation-example-shared'
import { createSite } from './site.ts'

const exampleFolder = dirname(dirname(fileURLToPath(import.meta.url)))

try {
  const settings = await readSettings(process.env, exampleFolder)
  const site = await createSite(settings)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void site.close())
  console.log(`listening on ${await site.listen({ host: '127.0.0.1', port: settings.port })}`)
} catch (error) {
  // Both are written for whoever starts the site; the rest is a defect, and needs its stack.
  const isForPeople = error instanceof SettingError || error instanceof FederationError
  console.error(isForPeople ? error.message : error)
  process.exit(1)
}
