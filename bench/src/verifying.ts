import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { createFederation, encodeCanonical, type Federation, memoryStore, signedBytes } from '@manga-federation/core'
import { type BenchResult, medianSpeedRatio } from './measure.ts'
import { objectOf, otherServer, remember } from './other-servers.ts'
import { repositoryOfSeries } from './repository.ts'
import { seriesObjects } from './series.ts'
import { SERVER_NAME } from './site.ts'

const OBJECTS = 500
const ROUNDS = 31

/** What stands before the 32 bytes of a public key in its SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Verdicts on objects of a server whose keys are known, against nothing but verifying the same bytes. */
export async function verifying(): Promise<BenchResult[]> {
  const origin = otherServer(0)
  const federation = createFederation({
    serverName: SERVER_NAME,
    catalog: repositoryOfSeries([]),
    async store() {
      const store = memoryStore()
      await remember(store, origin)
      return store
    },
  })
  const { objects, source } = seriesObjects(OBJECTS)
  const signed = objects.map((object) => objectOf(origin, object))
  const received = signed.map((object) => encodeCanonical(object))
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, origin.key.publicKey]),
    format: 'der',
    type: 'spki',
  })
  const checks = signed.map((object) => ({
    message: signedBytes(object),
    signature: Buffer.from((object['signatures'] as Record<string, string>)[origin.keyId]!, 'base64'),
  }))
  const oneByOne = async (): Promise<void> => {
    for (const bytes of received) checkAuthentic(await federation.verify(bytes))
  }
  const alone = await medianSpeedRatio(oneByOne, () => verifyRaw(checks, key), ROUNDS)
  const together = await medianSpeedRatio(
    async () => (await federation.verifyAll(received)).forEach(checkAuthentic),
    oneByOne,
    ROUNDS,
  )
  await federation.close()
  const cores = availableParallelism()
  return [
    {
      name: 'verifying objects',
      ratio: alone,
      limit: 0.85,
      direction: 'at least',
      detail: `crypto.verify on the same bytes, from received bytes to verdict, on ${source}`,
    },
    {
      name: `verifying ${OBJECTS} objects together`,
      ratio: together,
      limit: 1.6,
      direction: 'at least',
      detail: `verifying them one by one, on ${cores} cores`,
    },
  ]
}

function verifyRaw(checks: readonly { message: Uint8Array; signature: Uint8Array }[], key: KeyObject): void {
  for (const { message, signature } of checks) {
    if (!verify(null, message, key, signature)) throw new Error('A signature of ours is not good.')
  }
}

function checkAuthentic({ authentic, message }: Awaited<ReturnType<Federation['verify']>>): void {
  if (!authentic) throw new Error(`An object of ours is not authentic: ${message}`)
}
