import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { medianSpeedRatio } from './measure.ts'

/** Requests that are under way at the same time, where nothing else is said. */
const CONNECTIONS = 10

const HEAD_END = '\r\n\r\n'

/** Open connections to one server. */
export interface Load {
  /** Sends this many requests, each connection its next one as soon as it has its answer. */
  run(requests: number): Promise<void>
  close(): void
}

/** What is asked, and how. */
export interface LoadOptions {
  /** What each request brings. Without it they bring nothing, and are GET. */
  readonly json?: string
  /** Requests that are under way at the same time. Default is 10. */
  readonly connections?: number
  /** Whether it sleeps until the next answer, and leaves its core to others. Default is false. */
  readonly sleeps?: boolean
}

/**
 * How many times as many requests a second the subject answers as its peer, under the same load in turns.
 *
 * @param port - where the subject listens; `peerPort`: the peer.
 */
export async function loadRatio(
  port: number,
  peerPort: number,
  target: string,
  { requestsARound, rounds }: { readonly requestsARound: number; readonly rounds: number },
): Promise<number> {
  const [subject, peer] = await Promise.all([openLoad(port, () => target), openLoad(peerPort, () => target)])
  const ratio = await medianSpeedRatio(
    () => subject.run(requestsARound),
    () => peer.run(requestsARound),
    rounds,
  )
  for (const load of [subject, peer]) load.close()
  return ratio
}

/**
 * Opens connections to a server on this machine.
 *
 * It reads no more of an answer than its length: the less the load costs, the more the server is what is measured.
 *
 * @param nextTarget - path and query of the next request.
 */
export async function openLoad(
  port: number,
  nextTarget: () => string,
  { json, connections = CONNECTIONS, sleeps = false }: LoadOptions = {},
): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => openSocket(port)))
  return {
    async run(requests) {
      let sent = 0
      const lane = async (socket: Socket): Promise<void> => {
        while (sent < requests) {
          sent += 1
          await ask(socket, requestFor(nextTarget(), json))
        }
      }
      const rest = sleeps ? undefined : stayAwake()
      await Promise.all(sockets.map(lane))
      rest?.()
    },
    close: () => sockets.forEach((socket) => socket.destroy()),
  }
}

/**
 * Keeps the event loop turning. A load that sleeps until the next answer must be woken by the server that sends it,
 * which costs as much as the answer itself, and the quicker server would be spared it.
 *
 * @returns a function that ends it.
 */
function stayAwake(): () => void {
  let turn = setImmediate(function again() {
    turn = setImmediate(again)
  })
  return () => clearImmediate(turn)
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  return socket
}

function requestFor(target: string, json: string | undefined): string {
  if (json === undefined) return `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
  const entity = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}`
  return `POST ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${entity}\r\n\r\n${json}`
}

function ask(socket: Socket, request: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void): void => {
      socket.off('data', onData).off('close', onClose)
      how()
    }
    const onClose = (): void =>
      settle(() => reject(new Error(`The server closed the connection at ${request.split('\r\n', 1)[0]}.`)))
    let missing: number | undefined
    const onData = (chunk: Buffer): void => {
      try {
        missing = (missing ?? answerLength(chunk)) - chunk.length
      } catch (error) {
        settle(() => reject(error))
      }
      if (missing === 0) settle(resolve)
    }
    socket.on('data', onData).on('close', onClose)
    socket.write(request)
  })
}

/** The length of an answer in bytes, by its head, which a server sends in one piece. */
function answerLength(chunk: Buffer): number {
  const headLength = chunk.indexOf(HEAD_END) + HEAD_END.length
  const head = chunk.toString('latin1', 0, headLength)
  const contentLength = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (!head.startsWith('HTTP/1.1 200 ') || contentLength === undefined) {
    throw new Error(`The server did not answer with a document: ${head}`)
  }
  return headLength + Number(contentLength)
}
