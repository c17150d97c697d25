import { readFile } from 'node:fs/promises'

/** The headers of the stylesheet. */
export const STYLESHEET_HEADERS = {
  'content-type': 'text/css; charset=utf-8',
  'cache-control': 'public, max-age=300',
} as const

/** What every page looks like. */
export function readStylesheet(): Promise<Buffer> {
  return readFile(new URL('site.css', import.meta.url))
}
