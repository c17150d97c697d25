import type { MountedRoute } from './matcher.ts'

/**
 * What a site loses by mounting the federation under a prefix, for adapters to tell in the site's log.
 *
 * @param prefix - below which requests reach the adapter: `/library`; empty at the root.
 * @returns undefined when every route is within reach.
 */
export function unreachableAt(prefix: string, mounted: readonly MountedRoute<never>[]): string | undefined {
  const lost = mounted.map(({ path }) => path).filter((path) => !path.startsWith(`${prefix}/`))
  if (prefix === '' || lost.length === 0) return undefined
  return (
    `mangaFederation is mounted under ${prefix}, so requests for ${lost[0]} never reach it: mount it at the root of ` +
    'the site (one middleware may be mounted in several places). The path of its API is that of serverName.'
  )
}
