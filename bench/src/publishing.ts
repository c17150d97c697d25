import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { type CatalogRepository, createFederation, type JsonObject, signedBytes } from '@manga-federation/core'
import { openSqliteStore } from '@manga-federation/sqlite'
import { type BenchResult, checkPublished, medianSpeedRatio } from './measure.ts'
import { repositoryOfSeries } from './repository.ts'
import { seriesRecords } from './series.ts'
import { SERVER_NAME } from './site.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

const SERIES = 25_000
const ROUNDS = 5

/** What stands before the 32 bytes of a seed in its PKCS #8 form (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Objects a second from record to signed object in SQLite, against nothing but signing the same bytes. */
export async function publishing(): Promise<BenchResult[]> {
  const folder = temporaryFolder()
  try {
    return [await compare(folder)]
  } finally {
    folder.remove()
  }
}

async function compare(folder: TemporaryFolder): Promise<BenchResult> {
  const { records, source } = seriesRecords(SERIES)
  const catalog = repositoryOfSeries(records)
  const example = folder.file('example.db')
  await publish(catalog, example)
  const { key, messages } = await readBack(example)
  let files = 0
  const ratio = await medianSpeedRatio(
    () => publish(catalog, folder.file(`${(files += 1)}.db`)),
    () => messages.forEach((message) => sign(null, message, key)),
    ROUNDS,
  )
  return {
    name: `publishing ${SERIES} series`,
    ratio,
    limit: 0.6,
    direction: 'at least',
    detail: `crypto.sign on the same bytes, from record to signed object in SQLite, on ${source}`,
  }
}

/** Publishes the whole catalog into a new file. */
async function publish(catalog: CatalogRepository, path: string): Promise<void> {
  const federation = createFederation({
    serverName: SERVER_NAME,
    catalog,
    store: () => openSqliteStore({ path }),
  })
  // The first pass begins when the store is open; this waits for it.
  checkPublished(await federation.catalog.reconcile(), SERIES)
  await federation.close()
}

/** The key of the site that published into a file, and the bytes that it signed. */
async function readBack(path: string): Promise<{ key: KeyObject; messages: Uint8Array[] }> {
  const store = await openSqliteStore({ path })
  const { seed } = (await store.identity.load())!.keys[0]!
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const messages: Uint8Array[] = []
  let afterId: string | undefined
  do {
    const page = await store.catalog.list({ origin: SERVER_NAME, kind: 'series', afterId, limit: 1000 })
    messages.push(...page.map(({ bytes }) => messageOf(bytes, key)))
    afterId = page.at(-1)?.id
  } while (afterId !== undefined)
  await store.close()
  return { key, messages }
}

/** The bytes that were signed for an object: signing them again gives its signature. */
function messageOf(object: Uint8Array, key: KeyObject): Uint8Array {
  const document = JSON.parse(Buffer.from(object).toString()) as JsonObject & { signatures: Record<string, string> }
  const message = signedBytes(document)
  const signature = sign(null, message, key).toString('base64').replace(/=+$/, '')
  if (!Object.values(document.signatures).includes(signature)) throw new Error('Other bytes were signed for an object.')
  return message
}
