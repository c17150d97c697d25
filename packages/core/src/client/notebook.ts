import { createSerialQueue, type SerialQueue } from '../catalog/queue.ts'
import type { Environment } from '../environment.ts'
import { reasonOf } from '../errors.ts'
import { canonicalText, isJsonObject, type JsonObject, parseStrict } from '../json/index.ts'
import type { Logger } from '../logger.ts'
import type { Memory } from './memory.ts'

/** Notes that are kept: some hundred sites, each with its servers, its keys and its head. */
const MAX_NOTES = 500

/** The longest note in characters: a key document and some hundred keys. `localStorage` holds some 5 million. */
const MAX_NOTE_CHARACTERS = 256 * 1024

/** That a note was used is written down once a day, or reading would cost as much as writing. */
const USE_NOTED_EVERY_MS = 24 * 60 * 60 * 1000

/** The version of the notes' form stands in their names, so that another version never misreads them. */
const PREFIX = 'manga-federation:1:'
const INDEX = `${PREFIX}index`

const encoder = new TextEncoder()

/** What a reader remembers: JSON by name, bounded in number and size. Nothing here rejects: a failure is a gap. */
export interface Notebook {
  read(name: string): Promise<JsonObject | undefined>
  /** Beyond 500 notes, those used longest ago are forgotten. */
  write(name: string, note: JsonObject): Promise<void>
  erase(name: string): Promise<void>
  /** Names that begin so. */
  names(prefix: string): Promise<string[]>
}

/** What a notebook works with. */
export interface NotebookOptions {
  readonly memory: Memory
  readonly environment: Environment
  readonly logger: Logger
}

/** Opens a notebook. */
export function openNotebook({ memory, environment, logger }: NotebookOptions): Notebook {
  const inTurn: SerialQueue = createSerialQueue()

  async function orGap<T>(task: () => Promise<T>): Promise<T | undefined> {
    try {
      return await inTurn(task)
    } catch (error) {
      logger.warn({}, `what is remembered cannot be used: ${reasonOf(error)}`)
      return undefined
    }
  }

  async function load(key: string): Promise<JsonObject | undefined> {
    const text = await memory.get(key)
    if (text === undefined || text.length > MAX_NOTE_CHARACTERS) return undefined
    const value = parseStrict(encoder.encode(text))
    return isJsonObject(value) ? value : undefined
  }

  /** When each note was used, by name. One that cannot be read begins anew. */
  async function loadUses(): Promise<Map<string, number>> {
    const index = await load(INDEX).catch(() => undefined)
    const uses = Object.entries(index ?? {})
    return new Map(uses.filter((use): use is [string, number] => typeof use[1] === 'number'))
  }

  async function noteUse(name: string): Promise<void> {
    const uses = await loadUses()
    const nowTs = environment.now()
    if (nowTs - (uses.get(name) ?? 0) < USE_NOTED_EVERY_MS) return
    uses.set(name, nowTs)
    const latestFirst = [...uses].sort(([, a], [, b]) => b - a)
    for (const [forgotten] of latestFirst.slice(MAX_NOTES)) await memory.delete(PREFIX + forgotten)
    await memory.set(INDEX, canonicalText(Object.fromEntries(latestFirst.slice(0, MAX_NOTES))))
  }

  return {
    read: (name) =>
      orGap(async () => {
        const note = await load(PREFIX + name)
        if (note) await noteUse(name)
        return note
      }),
    async write(name, note) {
      await orGap(async () => {
        const text = canonicalText(note)
        if (text.length > MAX_NOTE_CHARACTERS) return
        await memory.set(PREFIX + name, text)
        await noteUse(name)
      })
    },
    async erase(name) {
      await orGap(async () => {
        const uses = await loadUses()
        uses.delete(name)
        await memory.delete(PREFIX + name)
        await memory.set(INDEX, canonicalText(Object.fromEntries(uses)))
      })
    },
    names: async (prefix) =>
      (await orGap(async () => [...(await loadUses()).keys()]))?.filter((name) => name.startsWith(prefix)) ?? [],
  }
}
