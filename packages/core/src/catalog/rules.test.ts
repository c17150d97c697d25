import fc from 'fast-check'
import t from 'tap'
import { importPublicKey, importSigningKey } from '../crypto/index.ts'
import { encodeBase64, encodeCanonical, type JsonObject, parseStrict, signObject, verifyObject } from '../json/index.ts'
import { isIpfsUrl } from './ipfs.ts'
import { isLocaleTag, localeIndex } from './locale.ts'
import { type Draft, draftOf } from './objects.ts'
import { checkRecord } from './rules.ts'
import { normalizeForSearch } from './search.ts'
import { MAX_OBJECT_BYTES, signObjects } from './sign-objects.ts'
import { titlesOf } from './titles.ts'

const signingKey = importSigningKey(new Uint8Array(32).fill(7))
const key = {
  keyId: 'ed25519:test',
  signingKey,
  publicKeyBase64: encodeBase64(signingKey.publicKey),
  expiredTs: undefined,
}
const revision = 3
const signing = { updatedTs: 1_750_000_000_000, serverName: 'https://manga.example.com/v1', keys: [key] }
/** The bytes of a signed object. */
async function bytesOf(draft: Draft): Promise<Uint8Array> {
  const [result] = await signObjects([{ draft, revision }], signing)()
  if (!result || 'fault' in result) throw new Error(result?.fault)
  return result.signed.object.bytes
}

const CID_V0 = 'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n'
const CID_V1 = 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'

t.test('a record that cannot be signed is refused with the field and what it must be', (t) => {
  const series = (fields: object): unknown => ({ id: 's', metadata: { en: { title: 'T', ...fields } } })
  const chapter = (fields: object): unknown => ({
    id: 'c',
    seriesId: 's',
    metadata: { en: { chapter: '1', ...fields } },
  })
  const refusals: ['series' | 'chapter', unknown, RegExp][] = [
    ['series', undefined, /must be an object/],
    ['series', [], /must be an object/],
    ['series', { metadata: { en: { title: 'T' } } }, /id must be text, not undefined/],
    ['series', { id: 5, metadata: { en: { title: 'T' } } }, /id must be text, not 5; write String\(id\)/],
    ['series', { id: '', metadata: { en: { title: 'T' } } }, /1 to 255 characters/],
    ['series', { id: 'x'.repeat(256), metadata: { en: { title: 'T' } } }, /1 to 255 characters/],
    ['series', { id: 'a\u0000b', metadata: { en: { title: 'T' } } }, /control characters/],
    ['series', { id: 's' }, /at least one language/],
    ['series', { id: 's', metadata: {} }, /at least one language/],
    ['series', { id: 's', metadata: { pt_BR: { title: 'T' } } }, /"pt_BR", which is no language tag/],
    ['series', { id: 's', metadata: { '': { title: 'T' } } }, /no language tag/],
    ['series', { id: 's', metadata: { en: 'T' } }, /metadata\.en must be an object with a title/],
    ['series', { id: 's', metadata: { en: {} } }, /metadata\.en\.title is missing/],
    ['series', series({ title: '  ' }), /title must be text that is not blank/],
    ['series', series({ status: 'Finished' }), /status must be one of ongoing, .*; it is "Finished"/],
    ['series', series({ authors: 'Oda' }), /authors must be a list of texts/],
    ['series', series({ cover: 'https://example.com/cover.jpg' }), /cover must be ipfs:\/\//],
    ['series', series({ cover: 'ipfs://not-a-cid' }), /cover must be ipfs:\/\//],
    ['series', series({ links: { al: 5 } }), /links must be an object of texts/],
    ['series', series({ original_language: 'japanese language' }), /language tag/],
    ['series', series({ rating: 9.5 }), /rating.*9\.5/],
    ['series', series({ note: 'a\ud800' }), /surrogate/],
    ['series', series({ made: new Date(0) }), /made/],
    ['series', series({ big: 2 ** 53 }), /big/],
    ['series', { ...(series({}) as object), images: `ipfs://${CID_V1}` }, /images belongs to chapters/],
    ['chapter', { id: 'c', metadata: { en: { title: 'T' } } }, /seriesId must be text/],
    ['chapter', chapter({ chapter: undefined }), /neither a title nor a chapter number/],
    ['chapter', chapter({ sort_id: 10.5 }), /sort_id must be a whole number.*it is 10\.5/],
    ['chapter', chapter({ chapter: 10.5 }), /chapter must be text; it is 10\.5/],
    ['chapter', chapter({ chapter: 'Extra' }), /no number such as 10\.5: give metadata\.en\.sort_id/],
    ['chapter', chapter({ published_at: new Date(0) }), /published_at must be a time .*; it is a Date/],
    ['chapter', chapter({ published_at: '2026-02-30' }), /published_at must be a time/],
    ['chapter', chapter({ groups: ['Blue Lotus'] }), /groups must be a list of groups/],
    ['chapter', chapter({ pages: -1 }), /pages must be a whole number that is not negative/],
    ['chapter', { ...(chapter({}) as object), images: 'ipfs://zzz' }, /images must be ipfs:\/\//],
  ]
  for (const [kind, record, message] of refusals) {
    t.throws(() => draftOf(kind, record), { code: 'invalid_record', message }, String(message))
  }
  t.end()
})

t.test('defaults are filled in and both spellings of alternative titles are read', (t) => {
  const chapter = (fields: object): Record<string, unknown> | undefined =>
    checkRecord('chapter', { id: 'c', seriesId: 's', metadata: { en: fields } }).metadata.en
  t.match(chapter({ chapter: '10.5' }), { title: '10.5', sort_id: 10_500 })
  t.match(chapter({ chapter: '1.005', title: 'A' }), { title: 'A', sort_id: 1005 })
  t.match(chapter({ title: 'One-shot' }), { title: 'One-shot', sort_id: 0 })
  t.match(chapter({ chapter: 'Extra', sort_id: -3 }), { title: 'Extra', sort_id: -3 })
  t.same(chapter({ chapter: '1', 'alternative-titles': ['x'] })?.alternative_titles, ['x'])

  const series = checkRecord('series', {
    id: 's',
    metadata: {
      en: {
        title: 'T',
        alternative_titles: ['A'],
        description: null,
        artists: undefined,
        mangaupdates: 55901,
        my_own: [1],
      },
    },
  })
  t.same(series.metadata.en, { title: 'T', 'alternative-titles': ['A'], mangaupdates: '55901', my_own: [1] })
  t.same(titlesOf(series.metadata), ['T', 'A'])
  t.end()
})

t.test('a signed object is what the general encoder and signer make of it', async (t) => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((value) => value.trim() !== '')
  const metadata = fc.dictionary(
    fc.constantFrom('en', 'ja', 'pt-BR', 'x-own'),
    fc.record({ title: text, note: text, n: fc.integer() }),
    {
      minKeys: 1,
    },
  )
  const id = fc.string({ minLength: 1, maxLength: 20 }).filter((value) => !/\p{Cc}/u.test(value))
  const images = fc.option(fc.constant(`ipfs://${CID_V0}/1`), { nil: undefined })
  await fc.assert(
    fc.asyncProperty(id, id, metadata, images, fc.boolean(), async (objectId, seriesId, locales, folder, isSeries) => {
      const record = isSeries
        ? { id: objectId, metadata: locales }
        : { id: objectId, seriesId, metadata: locales, images: folder }
      const kind = isSeries ? 'series' : 'chapter'
      const bytes = await bytesOf(draftOf(kind, record))
      const expected = signObject(
        {
          id: objectId,
          server: signing.serverName,
          ...(isSeries ? {} : { series_id: seriesId }),
          ...(isSeries || folder === undefined ? {} : { images: folder }),
          metadata: checkRecord(kind, record).metadata,
          revision,
          updated_ts: signing.updatedTs,
          signing_keys: { [key.keyId]: key.publicKeyBase64 },
        } as JsonObject,
        key.keyId,
        signingKey,
      )
      return Buffer.compare(bytes, encodeCanonical(expected)) === 0
    }),
  )
  const bytes = await bytesOf(draftOf('series', { id: 's', metadata: { ja: { title: '漫画' } } }))
  const verdict = verifyObject(
    parseStrict(bytes) as JsonObject,
    new Map([[key.keyId, importPublicKey(signingKey.publicKey)]]),
  )
  t.same(verdict, { verified: true, good: [key.keyId] })
  t.end()
})

t.test('an object of 64 KiB is signed and one byte more is refused', async (t) => {
  const record = (characters: number): unknown => ({
    id: 's',
    metadata: { en: { title: 'T', description: 'x'.repeat(characters) } },
  })
  const sizeOf = async (characters: number): Promise<number> =>
    (await bytesOf(draftOf('series', record(characters)))).byteLength
  const empty = await sizeOf(0)
  const room = MAX_OBJECT_BYTES - empty
  t.equal(await sizeOf(room), MAX_OBJECT_BYTES)
  await t.rejects(sizeOf(room + 1), { message: `${MAX_OBJECT_BYTES + 1} bytes long` })
  t.end()
})

t.test('the content hash tells what the site said, not when it was signed', (t) => {
  const draft = (title: string, extra: object = {}) =>
    draftOf('series', { id: 's', metadata: { en: { title, ...extra } } })
  t.same(draft('A').contentHash, draft('A', { description: undefined }).contentHash)
  t.notSame(draft('A').contentHash, draft('B').contentHash)
  t.end()
})

t.test('language tags follow RFC 5646', (t) => {
  const valid = [
    'en',
    'pt-BR',
    'zh-Hant-TW',
    'sr-Latn',
    'es-419',
    'de-1996',
    'i-klingon',
    'zh-min-nan',
    'x-private',
    'ja-JP-u-ca-japanese',
    'mangafan',
  ]
  const invalid = ['', 'e', 'pt_BR', 'en-', '-en', 'en--US', 'english!', 'abcdefghi', 'en-x', 'en US']
  for (const tag of valid) t.equal(isLocaleTag(tag), true, tag)
  for (const tag of invalid) t.equal(isLocaleTag(tag), false, JSON.stringify(tag))
  t.equal(localeIndex(['en', 'pt-BR']), '|en|pt-br|')
  t.end()
})

t.test('ipfs URLs hold a CID of version 0 or 1', (t) => {
  const base36 = 'k2jmtxw8rjh1z69c6not3wtdxb0u3urbzhyll1t9jg6ox26dhi5sfi1m'
  for (const url of [`ipfs://${CID_V0}`, `ipfs://${CID_V1}`, `ipfs://${CID_V1}/10.5/a%20b`, `ipfs://${base36}`]) {
    t.equal(isIpfsUrl(url), true, url)
  }
  for (const url of [
    'ipfs://',
    'ipfs:///x',
    `https://${CID_V1}`,
    `IPFS://${CID_V1}`,
    `ipfs://${CID_V0}x`,
    `ipfs://${CID_V1}?a`,
    `ipfs://${CID_V1}/a b`,
    'ipfs://Qm0OIl',
  ]) {
    t.equal(isIpfsUrl(url), false, url)
  }
  t.end()
})

t.test('titles are found whatever their case, width or composition', (t) => {
  t.equal(normalizeForSearch('ＮＡＲＵＴＯ'), normalizeForSearch('Naruto'))
  t.equal(normalizeForSearch('ﾍﾞﾙｾﾞﾊﾞﾌﾞ'), normalizeForSearch('ベルゼバブ'))
  t.equal(normalizeForSearch('e\u0301'), normalizeForSearch('É'))
  t.end()
})
