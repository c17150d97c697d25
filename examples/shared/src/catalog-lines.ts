import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'

/** One line of a catalog file. */
export interface CatalogLine {
  /** Counted from 1. */
  lineNumber: number
  text: string
}

/** RFC 1952, section 2.3.1: every gzip file starts with these two bytes. */
const GZIP_MAGIC = [0x1f, 0x8b] as const
/** Far above any series. A file without line ends is no NDJSON, and must not fill the memory. */
const MAX_LINE_LENGTH = 1024 * 1024

/**
 * Reads a text file line by line, in constant memory. Whether it is compressed with gzip is seen from its first bytes,
 * not from its name. Empty lines are passed over.
 *
 * Node's `readline` would also break lines at U+2028, which JSON allows inside a text.
 *
 * @throws Error if the file cannot be read or decompressed, or has a line of more than a million characters.
 */
export async function* readCatalogLines(path: string): AsyncGenerator<CatalogLine> {
  let lineNumber = 0
  let rest = ''
  for await (const text of readText(path)) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE_LENGTH) throw new Error(`${path} has a line that is too long: it is not an NDJSON file.`)
    for (const line of lines) {
      lineNumber++
      if (line.trim()) yield { lineNumber, text: line }
    }
  }
  if (rest.trim()) yield { lineNumber: lineNumber + 1, text: rest }
}

async function* readText(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const bytes of await readBytes(path)) yield decoder.decode(bytes, { stream: true })
}

async function readBytes(path: string): Promise<AsyncIterable<Uint8Array>> {
  const file = await open(path)
  const start = Buffer.alloc(GZIP_MAGIC.length)
  await file.read(start, 0, start.length, 0)
  const content = file.createReadStream({ start: 0 })
  if (!GZIP_MAGIC.every((byte, index) => start[index] === byte)) return content

  const gunzip = createGunzip()
  content.on('error', (error) => gunzip.destroy(error))
  return content.pipe(gunzip)
}
