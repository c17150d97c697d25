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
  /** The raw text behind a route that ends in `*`; undefined on the others. */
  readonly rest: string | undefined
  /** The raw query without its question mark. */
  readonly query: string
}

/** Gives every route its place. `mountPath` is where the API lies on this site, for example `/v1`. */
export function mountRoutes<Parts>(routes: readonly Route<Parts>[], mountPath: string): MountedRoute<Parts>[] {
  return routes.map((route) => ({ route, path: route.base === 'api' ? mountPath + route.path : route.path }))
}

/**
 * Builds the matcher on the raw target. Server names hold slashes that frameworks' routers decode each in its own
 * way, so everything behind a path that ends in `*` is left as it came (PROTOCOL section 1).
 */
export function createMatcher<Parts>(
  mounted: readonly MountedRoute<Parts>[],
): (target: string) => Match<Parts> | undefined {
  const exact = new Map<string, Route<Parts>[]>()
  const open = new Map<string, Route<Parts>[]>()
  for (const { route, path } of mounted) {
    const [table, key] = path.endsWith('/*') ? [open, path.slice(0, -1)] : [exact, path]
    table.set(key, [...(table.get(key) ?? []), route])
  }
  const prefixes = [...open.keys()]

  return (target) => {
    const [path, query] = splitTarget(target)
    const routes = exact.get(path) ?? exact.get(withoutTrailingSlash(path))
    if (routes) return { routes, rest: undefined, query }
    const prefix = prefixes.find((candidate) => path.startsWith(candidate) && path.length > candidate.length)
    if (prefix === undefined) return undefined
    return { routes: open.get(prefix) ?? [], rest: withoutTrailingSlash(path.slice(prefix.length)), query }
  }
}

function splitTarget(target: string): [path: string, query: string] {
  const mark = target.indexOf('?')
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)]
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
