import type { CatalogItem } from '@manga-federation/core/client'

type Json = CatalogItem['json']

/** A text of a series or chapter, such as its title; undefined where its origin wrote none. */
export function textOf(json: Json, name: string): string | undefined {
  const value = fieldsOf(json)[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Who made a series. */
export function authorsOf(json: Json): string {
  const { authors } = fieldsOf(json)
  return Array.isArray(authors) ? authors.filter((author) => typeof author === 'string').join(', ') : ''
}

/** The place of a chapter in its series. */
export function sortIdOf(json: Json): number {
  const { sort_id: sortId } = fieldsOf(json)
  return typeof sortId === 'number' ? sortId : 0
}

/** What its origin wrote in English, or else in the first language. */
function fieldsOf({ metadata }: Json): Readonly<Record<string, unknown>> {
  const languages = (metadata ?? {}) as Record<string, Record<string, unknown>>
  return languages['en'] ?? Object.values(languages)[0] ?? {}
}
