import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { importSigningKey, type SigningKey } from '../crypto/index.ts'
import { encodeBase64, encodeCanonical, type JsonObject, signDocument } from '../json/index.ts'

/** A signing key for tests. */
export interface TestKey {
  readonly keyId: string
  readonly signingKey: SigningKey
  readonly base64: string
}

/** The same number always gives the same key. */
export function testKey(number: number, keyId = `ed25519:k${number}`): TestKey {
  const signingKey = importSigningKey(new Uint8Array(32).fill(number))
  return { keyId, signingKey, base64: encodeBase64(signingKey.publicKey) }
}

/** A key document, well made unless told otherwise. */
export function keyDocument(
  serverName: string,
  validUntilTs: number,
  keys: readonly TestKey[],
  { old = {}, extra = {}, signers = keys }: { old?: JsonObject; extra?: JsonObject; signers?: readonly TestKey[] } = {},
): JsonObject {
  const unsigned: JsonObject = {
    server_name: serverName,
    verify_keys: Object.fromEntries(keys.map(({ keyId, base64 }) => [keyId, { key: base64 }])),
    old_verify_keys: old,
    valid_until_ts: validUntilTs,
    ...extra,
  }
  return signers.reduce((document, key) => signDocument(document, serverName, key.keyId, key.signingKey), unsigned)
}

/** A real server on loopback that answers as the test says. */
export interface TestOrigin {
  readonly serverName: string
  /** Targets that were asked for, in order. */
  readonly requests: string[]
  /** What it answers from now on: a document, or whatever a handler does. */
  answer: JsonObject | ((request: IncomingMessage, response: ServerResponse) => void)
  close(): Promise<void>
}

/** Starts one. It answers 404 until the test says what to answer. */
export async function startOrigin(path = '/v1'): Promise<TestOrigin> {
  const server = createServer((request, response) => {
    origin.requests.push(request.url ?? '')
    if (typeof origin.answer === 'function') return origin.answer(request, response)
    response.setHeader('content-type', 'application/json')
    response.end(encodeCanonical(origin.answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin: TestOrigin = {
    serverName: `http://127.0.0.1:${port}${path}`,
    requests: [],
    answer: (_request, response) => void response.writeHead(404).end(),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return origin
}
