import assert from 'node:assert/strict'
import type { ChapterRecord } from '@manga-federation/core'
import type { Case } from '../case.ts'
import { roundingHint } from './comparing.ts'
import { describeCall, itemsOf, type Listing } from './listing.ts'

const PAGE_LIMIT = 100

export const chapterCases: readonly Case<{ series: Listing; chapters: Listing }>[] = [
  {
    name: 'listChapters: each chapter belongs to a series that listSeries shows',
    run: async ({ series, chapters }) => {
      const listed = new Set<string>()
      for await (const { id } of itemsOf(series, PAGE_LIMIT)) listed.add(id)
      const isWhole = listed.size < series.sampleSize
      for await (const chapter of itemsOf(chapters, PAGE_LIMIT)) {
        const { id, seriesId } = chapter as ChapterRecord
        if (listed.has(seriesId)) continue
        const call = describeCall('getSeries', seriesId)
        // Of a catalog larger than the sample only some series were seen: the look-up tells of the others.
        const isKnown = !isWhole && (await series.get(seriesId)) !== undefined
        assert.ok(
          isKnown,
          `The chapter ${JSON.stringify(id)} belongs to the series ${JSON.stringify(seriesId)}, which ` +
            `${isWhole ? 'listSeries does not show' : `${call} does not find`}. List the series too, or leave its chapters out ` +
            `(a chapter of a deleted or hidden series, perhaps).${roundingHint(seriesId)}`,
        )
        listed.add(seriesId)
      }
    },
  },
]
