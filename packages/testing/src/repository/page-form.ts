import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { PageRequest } from '@manga-federation/core'

/** As `SeriesRecord` and `ChapterRecord` say. */
export const MAX_ID_LENGTH = 255

/** What `String()` makes of values that are not there: no id and no cursor is called so. */
const LEFTOVERS: ReadonlySet<unknown> = new Set(['undefined', 'null', 'NaN', '[object Object]'])

/** Requires that what a listing returned is a page of records with ids; what else the records say is not looked at. */
export function checkPage(call: string, page: unknown, { limit }: PageRequest): void {
  assert.ok(
    isObject(page) && !Array.isArray(page),
    `${call} returned ${shown(page)}. Return a page: { items: […], next?: '…' }.`,
  )
  const { items, next } = page
  assert.ok(
    Array.isArray(items),
    `${call} returned a page whose \`items\` is ${shown(items)}. Make it an array: is an \`await\` missing?`,
  )
  assert.ok(
    items.length <= limit,
    `${call} returned ${items.length} items, more than the limit. Return at most \`limit\` (LIMIT in SQL).`,
  )
  assert.ok(
    next === undefined || (typeof next === 'string' && next !== '' && !LEFTOVERS.has(next)),
    `${call} returned ${shown(next)} as \`next\`. Make it text that is not empty, such as the last id of the page, or ` +
      'leave it out on the last page.',
  )
  for (const item of items) checkItem(call, item)
}

function checkItem(call: string, item: unknown): void {
  assert.ok(
    !(item instanceof Promise),
    `${call} returned a Promise as an item. Wait for all of them: \`items: await Promise.all(rows.map(…))\`.`,
  )
  assert.ok(
    isObject(item) && isPlain(item),
    `${call} returned ${shown(item)} as an item. Return plain records, built from your rows: ` +
      '{ id: String(row.id), metadata: { en: { title: row.title } } }.',
  )
  checkId(call, item.id)
}

function checkId(call: string, id: unknown): void {
  assert.ok(
    typeof id === 'string',
    `${call} returned an item whose \`id\` is ${shown(id)}. Ids are text: make it String(id), and parse it in your look-up.`,
  )
  assert.ok(
    !LEFTOVERS.has(id),
    `${call} returned an item whose \`id\` is ${shown(id)}: what String() makes of a value that is not there. Is the ` +
      'name of the column right?',
  )
  assert.ok(
    id.length >= 1 && id.length <= MAX_ID_LENGTH,
    `${call} returned an item whose \`id\` has ${id.length} characters. Ids have 1 to ${MAX_ID_LENGTH}.`,
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** An object of a class says `toJSON()` or has getters; what is published are its own fields. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Longest piece of a value that a message repeats. */
const SHOWN_CHARACTERS = 80

/** A value and its type, short enough for a message. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Date) return 'a Date'
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'without a prototype'})`
  return `the ${typeof value} ${inspect(value).slice(0, SHOWN_CHARACTERS)}`
}
