import { backOffMs, spreadMs } from '../back-off.ts'

const MINUTE_MS = 60 * 1000
const HOUR_MS = 60 * MINUTE_MS

/** Answers count for less than this, and good ones are kept as long through failures (PROTOCOL section 3). */
export const MAX_LIFETIME_MS: number = 48 * HOUR_MS

/** Lifetimes of answers (PROTOCOL section 3). */
const DEFAULT_LIFETIME_MS = 24 * HOUR_MS
const MIN_LIFETIME_MS = 5 * MINUTE_MS

/** So far lifetimes are spread to both sides, so that those who asked together do not come back together. */
const JITTER = 0.1

/** Failures are remembered so long at first, twice as long each further time, up to an hour (PROTOCOL section 3). */
const FIRST_PAUSE_MS = 2 * MINUTE_MS
const MAX_PAUSE_MS = HOUR_MS

/** One directive: a token, with a token or a quoted string as its value (RFC 9111 section 5.2). */
const DIRECTIVE = /([\w!#$%&'*+.^`|~-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g

/** Seconds as HTTP writes them (RFC 9111 section 1.2.2). */
const DELTA_SECONDS = /^[0-9]+$/

/**
 * How long an answer counts, in milliseconds: what its headers say, else 24 h; between 5 min and 48 h, with ±10 %
 * jitter within these bounds (PROTOCOL section 3).
 *
 * @param headers - lower-case names.
 * @param random - from 0 to below 1.
 */
export function lifetimeMs(headers: Readonly<Record<string, string>>, nowTs: number, random: () => number): number {
  const statedMs = statedLifetimeMs(headers, nowTs) ?? DEFAULT_LIFETIME_MS
  return withinBounds(spreadMs(withinBounds(statedMs), JITTER, random))
}

/** How long a site is left alone after failing so many times in a row, in milliseconds. */
export function pauseMs(failuresInARow: number): number {
  return backOffMs(failuresInARow, FIRST_PAUSE_MS, MAX_PAUSE_MS)
}

function withinBounds(lifetime: number): number {
  return Math.min(Math.max(lifetime, MIN_LIFETIME_MS), MAX_LIFETIME_MS)
}

/**
 * What the headers say, less the time that the answer spent in caches on its way (RFC 9111 section 4.2). `s-maxage`
 * does not count: sites give it to caches that they can empty, and they cannot empty ours.
 */
function statedLifetimeMs(headers: Readonly<Record<string, string>>, nowTs: number): number | undefined {
  const directives = cacheDirectives(headers['cache-control'] ?? '')
  if (directives.has('no-store') || directives.has('no-cache')) return 0
  const maxAge = directives.get('max-age')
  const ageMs = secondsToMs(headers['age'] ?? '')
  if (maxAge !== undefined) return secondsToMs(maxAge) - ageMs
  const { expires } = headers
  return expires === undefined ? undefined : msUntil(expires, headers['date'], nowTs) - ageMs
}

/** Directives by lower-case name, with their values. Of one that stands twice the first counts (section 4.2.1). */
function cacheDirectives(header: string): Map<string, string> {
  const directives = new Map<string, string>()
  for (const [, name = '', quoted, token] of header.matchAll(DIRECTIVE)) {
    const key = name.toLowerCase()
    if (!directives.has(key)) directives.set(key, quoted ?? token ?? '')
  }
  return directives
}

/** A time that cannot be read is 0: such an answer is stale (section 4.2.1). */
function secondsToMs(seconds: string): number {
  return DELTA_SECONDS.test(seconds) ? Number(seconds) * 1000 : 0
}

/** By the sender's own clock, where it tells the time. A date that cannot be read has passed (section 5.3). */
function msUntil(expires: string, date: string | undefined, nowTs: number): number {
  const sentTs = Date.parse(date ?? '')
  const untilMs = Date.parse(expires) - (Number.isNaN(sentTs) ? nowTs : sentTs)
  return Number.isNaN(untilMs) ? 0 : untilMs
}
