import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

/**
 * The address of a site that outlives its process: connections go on to where the site listens now, and are refused
 * while it listens nowhere. It can also lose what the site answers.
 */
export interface Gate {
  readonly serverName: string
  /** Where the site listens from now on; undefined while it does not. */
  lead(port: number | undefined): void
  /**
   * Lets the next request with this method and path through to the site, and cuts the connection when the answer comes.
   *
   * @returns when that happened.
   */
  loseAnswer(start: string): Promise<void>
}

/** Opens a gate on a port of loopback, closed after the test. */
export async function openGate(t: Test): Promise<Gate> {
  const open = new Set<Socket>()
  let target: number | undefined
  let losing: { readonly start: string; readonly lost: () => void } | undefined

  const server = createServer((outside) => {
    keep(outside)
    if (target === undefined) {
      outside.destroy()
      return
    }
    const inside = keep(connect(target, '127.0.0.1'))
    let lost: (() => void) | undefined
    outside.on('data', (chunk: Buffer) => {
      if (losing && chunk.toString('latin1').startsWith(losing.start)) {
        lost = losing.lost
        losing = undefined
      }
      inside.write(chunk)
    })
    inside.on('data', (chunk: Buffer) => {
      if (!lost) {
        outside.write(chunk)
        return
      }
      outside.destroy()
      lost()
    })
    outside.on('close', () => inside.destroy())
    inside.on('close', () => outside.destroy())
  })

  /** What goes wrong with a connection shows in its end. */
  function keep(socket: Socket): Socket {
    open.add(socket)
    return socket.on('error', () => {}).on('close', () => open.delete(socket))
  }

  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    return new Promise((closed) => server.close(closed))
  })
  return {
    serverName: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    lead(port) {
      target = port
      // What the process left behind does not come back with the next one.
      if (port === undefined) for (const socket of open) socket.destroy()
    },
    loseAnswer: (start) => new Promise((lost) => (losing = { start, lost })),
  }
}
