import type { ReadStream } from 'node:tty'

/** What Ctrl-C is where the terminal hands over each key. */
const CTRL_C = '\u0003'

/**
 * Listens to keys: `k` kills the origin, `q` and Ctrl-C end. Where there is no terminal, letters that are piped in count
 * as keys.
 *
 * @returns a function that ends it.
 */
export function listenToKeys(
  input: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'setRawMode'>>,
  { onKill, onQuit }: { onKill: () => void; onQuit: () => void },
): () => void {
  const onData = (typed: Buffer | string): void => {
    for (const key of typed.toString().toLowerCase()) {
      if (key === 'k') onKill()
      if (key === 'q' || key === CTRL_C) onQuit()
    }
  }
  input.setRawMode?.(true)
  input.on('data', onData)
  return () => {
    input.off('data', onData)
    input.setRawMode?.(false)
    input.pause()
  }
}
