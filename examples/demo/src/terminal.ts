import type { WriteStream } from 'node:tty'
import type { Role } from './cast.ts'

/** Who says something in the terminal. */
export type Speaker = Role | 'reader' | 'demo'

/** The color of each speaker (ECMA-48, SGR). */
const COLORS: Readonly<Record<Exclude<Speaker, 'demo'>, number>> = {
  origin: 31,
  volunteer: 34,
  witness: 32,
  reader: 35,
}
const WIDTH = Math.max(...Object.keys(COLORS).map((speaker) => speaker.length))

/** Says something as somebody, a line each. */
export type Say = (speaker: Speaker, words: string) => void

/** Writes lines with the speaker before them, in color where the terminal has colors. */
export function sayOn(output: NodeJS.WritableStream & Partial<Pick<WriteStream, 'hasColors'>>): Say {
  const hasColors = output.hasColors?.() ?? false
  return (speaker, words) => {
    const column = (speaker === 'demo' ? '' : speaker).padEnd(WIDTH)
    const shown = speaker === 'demo' || !hasColors ? column : `\u001B[${COLORS[speaker]}m${column}\u001B[0m`
    output.write(`${`${shown}  ${words}`.trimEnd()}\n`)
  }
}
