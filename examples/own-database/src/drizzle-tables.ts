import { relations } from 'drizzle-orm'
import { boolean, integer, numeric, pgTable, smallint, text, timestamp } from 'drizzle-orm/pg-core'

// The tables of schema.sql, as every site with Drizzle has them written down already.

export const manga = pgTable('manga', {
  manga_id: integer().primaryKey().generatedByDefaultAsIdentity(),
  author: text(),
  state: text().notNull(),
  original_lang: text().notNull(),
  deleted_at: timestamp({ withTimezone: true }),
})

export const mangaTitles = pgTable('manga_titles', {
  title_id: integer().primaryKey().generatedByDefaultAsIdentity(),
  manga_id: integer()
    .notNull()
    .references(() => manga.manga_id),
  lang: text().notNull(),
  title: text().notNull(),
  is_main: boolean().notNull().default(false),
})

export const chapters = pgTable('chapters', {
  chapter_id: integer().primaryKey().generatedByDefaultAsIdentity(),
  manga_id: integer()
    .notNull()
    .references(() => manga.manga_id),
  chapter_no: numeric({ precision: 7, scale: 2 }),
  chapter_title: text(),
  lang: text().notNull(),
  team: text(),
  page_count: smallint(),
  released_at: timestamp({ withTimezone: true }).notNull().defaultNow(),
  deleted_at: timestamp({ withTimezone: true }),
})

export const mangaRelations = relations(manga, ({ many }) => ({ titles: many(mangaTitles) }))

export const mangaTitlesRelations = relations(mangaTitles, ({ one }) => ({
  manga: one(manga, { fields: [mangaTitles.manga_id], references: [manga.manga_id] }),
}))
