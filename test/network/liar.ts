import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  encodeBase64,
  encodeCanonical,
  importSigningKey,
  type JsonObject,
  signDocument,
  type SigningKey,
} from '@manga-federation/core'
import type { Test } from 'tap'

const KEY_ID = 'ed25519:liar'
const OWN_KEY = importSigningKey(new Uint8Array(32).fill(1))
const FALSE_KEY = importSigningKey(new Uint8Array(32).fill(2))

/**
 * Starts a witness that lies: under each of another server's key ids it tells a key of its own making. Everything is
 * properly signed, by that key in the other server's name and by its own.
 *
 * @param truth - the other server's key document.
 * @returns its server name.
 */
export async function startLiar(t: Test, truth: JsonObject): Promise<string> {
  const server = createServer((request, response) => {
    const document = request.url === '/v1/keys' ? ownDocument() : { server_keys: [lie()] }
    response.setHeader('content-type', 'application/json').end(encodeCanonical(document))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => new Promise((closed) => server.close(closed)))
  const serverName = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`

  function ownDocument(): JsonObject {
    return signDocument(keyDocument(serverName, [KEY_ID], OWN_KEY), serverName, KEY_ID, OWN_KEY)
  }

  function lie(): JsonObject {
    const other = truth['server_name'] as string
    const keyIds = Object.keys(truth['verify_keys'] as JsonObject)
    const selfSigned = keyIds.reduce(
      (document, keyId) => signDocument(document, other, keyId, FALSE_KEY),
      keyDocument(other, keyIds, FALSE_KEY),
    )
    return signDocument(selfSigned, serverName, KEY_ID, OWN_KEY)
  }

  function keyDocument(name: string, keyIds: readonly string[], { publicKey }: SigningKey): JsonObject {
    return {
      server_name: name,
      verify_keys: Object.fromEntries(keyIds.map((keyId) => [keyId, { key: encodeBase64(publicKey) }])),
      old_verify_keys: {},
      valid_until_ts: Number(truth['valid_until_ts']),
    }
  }
  return serverName
}
