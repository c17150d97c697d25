import { type Federation, FederationError } from '@manga-federation/core'
import type { Settings } from './settings.ts'

/**
 * Mirrors the servers that a site was told to follow, from now on, and becomes a load balancer of those that it was told
 * to volunteer for. One that cannot be reached is tried on; that is not waited for.
 *
 * @param warn told, in words, of servers with which that is not possible at all.
 */
export function joinServers(
  federation: Pick<Federation, 'follow' | 'volunteer'>,
  { follow, volunteerFor }: Pick<Settings, 'follow' | 'volunteerFor'>,
  warn: (problem: string) => void,
): void {
  for (const serverName of follow) {
    federation.follow(serverName).catch(unlessClosed(`${serverName} cannot be followed`, warn))
  }
  for (const serverName of volunteerFor) {
    federation.volunteer(serverName).catch(unlessClosed(`This site cannot volunteer for ${serverName}`, warn))
  }
}

/** Who stops the site right after it started need not hear of it. */
function unlessClosed(what: string, warn: (problem: string) => void): (error: unknown) => void {
  return (error) => {
    if (error instanceof FederationError && error.code === 'closed') return
    warn(`${what}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
