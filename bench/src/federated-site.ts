import { freePort } from '../../examples/shared/src/free-port.ts'
import { type Child, startChild } from './child.ts'
import { API } from './site.ts'

/** What the process of a site in the network is started with. */
export interface FederatedSiteOptions {
  readonly serverName: string
  readonly port: number
  readonly databasePath: string
  /** How many series of the made-up catalog it has, each with its chapters. */
  readonly series: number
  /** The server that it is told to follow. */
  readonly origin?: string
}

/** How far a follower has come. */
export interface FollowerProgress {
  /** Entries of the origin's log that it holds. */
  readonly held: number
  /** Entries that the origin has signed, as far as the follower knows. */
  readonly signed: number | undefined
  readonly lastError: string | undefined
}

/** Starts a site in a process of its own, which other sites on this machine can reach. */
export function startFederatedSite(options: FederatedSiteOptions): Child {
  return startChild('./federated-process.ts', options)
}

/** A port of loopback that is free, with the name of a server there. */
export async function freePlace(): Promise<{ port: number; serverName: string }> {
  const port = await freePort()
  return { port, serverName: `http://127.0.0.1:${port}${API}` }
}
