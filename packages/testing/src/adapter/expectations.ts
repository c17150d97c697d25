import assert from 'node:assert/strict'
import type { Exchange } from './http-client.ts'

/** The JSON of an answer. */
export function json({ body }: Exchange): Record<string, unknown> {
  return JSON.parse(body.toString()) as Record<string, unknown>
}

/** Asserts that the site's own handler answered what is not found. */
export function isNotFoundOfSite({ method, target, status, body }: Exchange): void {
  assert.deepEqual([status, body.toString()], [404, 'site: nothing here'], `${method} ${target}`)
}
