import { FederationError } from '../errors.ts'

/** The longest line that is kept, in characters: a head is 16 KiB at most. */
const MAX_LINE_CHARACTERS = 20 * 1024

/** What may be the end of a line. */
const LINE_BREAK = /[\r\n]/

/** An event as it came. Its data is not kept: that something is new is all that it says here. */
export interface ServerSentEvent {
  /** `message` where none was given. */
  readonly type: string
  /** The last id given, by this event or an earlier one. */
  readonly lastEventId: string | undefined
}

/**
 * Reads server-sent events from bytes as they come (WHATWG HTML, section 9.2.6).
 *
 * @returns what takes the bytes; it throws FederationError `response_too_large` for a line that does not end.
 */
export function readEvents(onEvent: (event: ServerSentEvent) => void): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder()
  let rest = ''
  let type = ''
  let hasData = false
  let lastEventId: string | undefined

  function take(line: string): void {
    if (line === '') return dispatch()
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'event') type = value
    else if (field === 'data') hasData = true
    else if (field === 'id' && !value.includes('\0')) lastEventId = value
  }

  function dispatch(): void {
    if (hasData) onEvent({ type: type || 'message', lastEventId })
    type = ''
    hasData = false
  }

  return (chunk) => {
    const isLineOpen = !rest.endsWith('\r')
    const text = decoder.decode(chunk, { stream: true })
    rest += text
    if (!isLineOpen || LINE_BREAK.test(text)) {
      // A carriage return at the end may be half of a line's end.
      const lines = rest.split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      lines.forEach(take)
    }
    if (rest.length > MAX_LINE_CHARACTERS) {
      throw new FederationError(
        'response_too_large',
        `A line of events is longer than ${MAX_LINE_CHARACTERS} characters.`,
      )
    }
  }
}
