import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'

/** For `one.test`, `two.test` and 127.0.0.1, good from 2020 to 2119, its own authority. It guards nothing but tests. */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdTCCARqgAwIBAgIBATAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtlZ3Jlc3Mt
dGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFjEUMBIGA1UE
AwwLZWdyZXNzLXRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASqDRQRj95k
nwjGxSBrgPpZemd8gp/GwBhnCZY+OC2itAA3ynKd9KJIL2lXgQ9OSgib3GthxCZM
W2jLoWSIQDd8o1cwVTAPBgNVHRMBAf8EBTADAQH/MCMGA1UdEQQcMBqCCG9uZS50
ZXN0ggh0d28udGVzdIcEfwAAATAdBgNVHQ4EFgQUpZhZ3JBZue1zj3PFP0vzXNwp
6iAwCgYIKoZIzj0EAwIDSQAwRgIhAICjdKF8pNe+cOz6bGclmFsi7DZHMRKxVgZY
c8rZGhk9AiEA+eZbwWE0b6ovKG+9XtxOspcxkKkbvuM/dnHXatBSW8c=
-----END CERTIFICATE-----
`

const TEST_PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWi3pePVbxQ8opJ/h
YhQwTDJrbgWdLOp223Q0glarxnOhRANCAASqDRQRj95knwjGxSBrgPpZemd8gp/G
wBhnCZY+OC2itAA3ynKd9KJIL2lXgQ9OSgib3GthxCZMW2jLoWSIQDd8
-----END PRIVATE KEY-----
`

/** A server on a free port of 127.0.0.1, ended with the test. */
export interface TestServer {
  readonly port: number
  /** How many connections were made to it. */
  connections(): number
}

/** Serves plain HTTP. */
export function serveHttp(t: Test, listener: RequestListener): Promise<TestServer> {
  return listen(t, createServer(listener))
}

/** Serves HTTP over TLS with the test certificate. */
export function serveHttps(t: Test, listener: RequestListener): Promise<TestServer> {
  return listen(t, createTlsServer({ cert: TEST_CERTIFICATE, key: TEST_PRIVATE_KEY }, listener))
}

/** Hands over bare connections. */
export function serveTcp(t: Test, listener: (socket: Socket) => void): Promise<TestServer> {
  return listen(t, createTcpServer(listener))
}

async function listen(t: Test, server: Server): Promise<TestServer> {
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => {
    sockets.push(socket)
    // A client that leaves resets the connection, which is what most of these tests are about.
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, connections: () => sockets.length }
}

/** The body of a request. */
export async function readAll(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await request.toArray())
}
