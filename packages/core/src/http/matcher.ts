import type { Route } from './contract.ts'

/** A route whose place on the site is known. */
export interface MountedRoute<Parts> {
  readonly route: Route<Parts>
  /** The whole local path: `/v1/keys`, `/v1/manga/series/origin/*`. */
  readonly path: string
}

/** What a request's target leads to. */
export interface Match<Parts> {
  /** The routes at this path, one a method. */
  readonly routes: readonly Route<Parts>[]
  /** The raw text in the place of `*`; undefined on routes without. */
  readonly rawServerName: string | undefined
  /** The text in the place of `{id}`; undefined on routes without. */
  readonly segment: string | undefined
  /** The raw query without its question mark. */
  readonly query: string
}

/** The routes at one path that has an open part, between what stands before and behind it. */
interface Pattern<Parts> {
  readonly prefix: string
  readonly holds: 'server name' | 'segment'
  readonly suffix: string
  readonly routes: readonly Route<Parts>[]
}

/** What a path leaves open. */
const OPEN_PART = /\*|\{id\}/

/** What a plain segment may be: RFC 3986's unreserved characters, which no proxy encodes or decodes. */
const SEGMENT = /^[A-Za-z0-9._~-]{1,128}$/

/** Gives every route its place. `mountPath` is where the API lies on this site, for example `/v1`. */
export function mountRoutes<Parts>(routes: readonly Route<Parts>[], mountPath: string): MountedRoute<Parts>[] {
  return routes.map((route) => ({ route, path: route.base === 'api' ? mountPath + route.path : route.path }))
}

/**
 * Builds the matcher on the raw target. Server names hold slashes that frameworks' routers decode each in its own
 * way, so everything in the place of `*` is left as it came (PROTOCOL section 1). A segment of other characters is no
 * match: nobody of the network sends one.
 */
export function createMatcher<Parts>(
  mounted: readonly MountedRoute<Parts>[],
): (target: string) => Match<Parts> | undefined {
  const exact = new Map<string, readonly Route<Parts>[]>()
  const patterns: Pattern<Parts>[] = []
  for (const [path, routes] of routesByPath(mounted)) {
    const pattern = patternOf(path, routes)
    if (pattern) patterns.push(pattern)
    else exact.set(path, routes)
  }

  return (target) => {
    const [path, query] = splitTarget(target)
    const routes = exact.get(path)
    return routes ? { routes, rawServerName: undefined, segment: undefined, query } : matchOpen(patterns, path, query)
  }
}

function matchOpen<Parts>(patterns: readonly Pattern<Parts>[], path: string, query: string): Match<Parts> | undefined {
  for (const { prefix, holds, suffix, routes } of patterns) {
    const end = path.length - suffix.length
    if (end <= prefix.length || !path.startsWith(prefix) || !path.endsWith(suffix)) continue
    const text = path.slice(prefix.length, end)
    if (holds === 'server name') return { routes, rawServerName: text, segment: undefined, query }
    if (SEGMENT.test(text)) return { routes, rawServerName: undefined, segment: text, query }
  }
  return undefined
}

function patternOf<Parts>(path: string, routes: readonly Route<Parts>[]): Pattern<Parts> | undefined {
  const found = OPEN_PART.exec(path)
  if (!found) return undefined
  const [open] = found
  return {
    prefix: path.slice(0, found.index),
    holds: open === '*' ? 'server name' : 'segment',
    suffix: path.slice(found.index + open.length),
    routes,
  }
}

function routesByPath<Parts>(mounted: readonly MountedRoute<Parts>[]): Map<string, readonly Route<Parts>[]> {
  const paths = new Map<string, readonly Route<Parts>[]>()
  for (const { route, path } of mounted) paths.set(path, [...(paths.get(path) ?? []), route])
  return paths
}

/** Path and query of a target. A trailing slash of the path counts for nothing. */
function splitTarget(target: string): [path: string, query: string] {
  const mark = target.indexOf('?')
  return mark < 0
    ? [withoutTrailingSlash(target), '']
    : [withoutTrailingSlash(target.slice(0, mark)), target.slice(mark + 1)]
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
