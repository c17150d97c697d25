import type { LogStore } from '../store/index.ts'
import { type MirroredChanges, type MirroredIds, nextChanges } from './changes.ts'
import type { MirrorProgressStore } from './progress.ts'
import type { Step } from './worker.ts'

/** What changed of a server's objects that are mirrored here. */
export interface MirroredChange extends MirroredIds {
  /** The server whose objects changed. */
  readonly serverName: string
  /**
   * True, without ids, when the server began a new log in place of the old one: what the site keeps of it counts no
   * more. All that it has now is told after this.
   */
  readonly begunAnew: boolean
}

/**
 * A site's own function that is told of each change of what is mirrored: new, altered and deleted objects, by id, at
 * most 256 at a time. What they are now tells `federation.catalog.mirroredObject`.
 *
 * It is called at least once for each change, in order for each server, after a restart too. When it throws or rejects,
 * the same change is told again, 1 s later, then at longer and longer intervals up to 5 min.
 */
export type OnMirrored = (change: MirroredChange) => unknown

/** What is told first of a log that took the place of another. */
const ANEW: MirroredChanges = { series: [], chapters: [], nextSize: 0 }

/** What is needed to tell a site. */
export interface TellerParts {
  readonly log: LogStore
  readonly progress: MirrorProgressStore
  readonly onMirrored: OnMirrored
  /** When it aborts, a call that is under way is waited for no longer; it is made again after the next start. */
  readonly closing: AbortSignal
}

/** Tells a site of one server's changes, page by page. */
export function tellingStep({ log, progress, onMirrored, closing }: TellerParts, serverName: string): Step {
  return async () => {
    const known = await progress.read(serverName)
    if (!known) return false
    const { toldSize = 0 } = known
    const changes = toldSize === null ? ANEW : await nextChanges(log, serverName, toldSize)
    if (!changes) return false
    const { series, chapters, nextSize } = changes
    const change: MirroredChange = { serverName, series, chapters, begunAnew: toldSize === null }
    await unlessClosing(async () => onMirrored(change), closing)
    await progress.update(serverName, { toldSize: nextSize })
    return true
  }
}

/** Waits for a stranger's function, which may never end, until the federation is closed. */
async function unlessClosing(work: () => Promise<unknown>, closing: AbortSignal): Promise<void> {
  closing.throwIfAborted()
  let stopWaiting: (() => void) | undefined
  const closed = new Promise<never>((_resolve, reject) => {
    stopWaiting = () => reject(closing.reason as Error)
    closing.addEventListener('abort', stopWaiting)
  })
  try {
    await Promise.race([work(), closed])
  } finally {
    closing.removeEventListener('abort', stopWaiting!)
  }
}
