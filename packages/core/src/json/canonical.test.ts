import canonicalize from 'canonicalize'
import fc from 'fast-check'
import t from 'tap'
import { readShared } from '../crypto/test-shared.ts'
import { canonicalText, encodeCanonical, parseStrict } from './index.ts'
import { type CanonicalCases, jsonValue } from './test-values.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const vectors = readShared('vectors/canonical-json.json') as CanonicalCases | undefined

/** Arrays in one another, so many levels deep. */
function nested(levels: number): unknown {
  return levels === 0 ? 'inside' : [nested(levels - 1)]
}

void t.test('values and their canonical text', (t) => {
  const cases: [unknown, string][] = [
    [{ two: 'Two', one: 1 }, '{"one":1,"two":"Two"}'],
    [{ '10': 'c', '9': 'd', a: { '': [], b: {} } }, '{"10":"c","9":"d","a":{"":[],"b":{}}}'],
    [{ '😀': 1, '\ufb33': 2, '\uffff': 3, '😁': 4 }, '{"\ufb33":2,"\uffff":3,"😀":1,"😁":4}'],
    [{ '😀a': 1, '😀': 2, '😀\ue000': 3 }, '{"😀":2,"😀a":1,"😀\ue000":3}'],
    ['\b\t\n\f\r"\\/\u0000\u001f\u007f\u2028', '"\\b\\t\\n\\f\\r\\"\\\\/\\u0000\\u001f\u007f\u2028"'],
    [[-0, 0, -1, 2 ** 53 - 1, -(2 ** 53) + 1], '[0,0,-1,9007199254740991,-9007199254740991]'],
    [[true, false, null], '[true,false,null]'],
    [{ kept: 1, left: undefined }, '{"kept":1}'],
    [Object.assign(Object.create(null), { b: 1, a: 2 }), '{"a":2,"b":1}'],
    [JSON.parse('{"__proto__":{"x":1},"a":1}'), '{"__proto__":{"x":1},"a":1}'],
    [nested(64), `${'['.repeat(64)}"inside"${']'.repeat(64)}`],
  ]
  for (const [value, text] of cases) t.equal(canonicalText(value), text)
  const keys = Array.from({ length: 60 }, (_, index) => `key ${index}`)
  const object = Object.fromEntries(keys.map((key) => [key, 0]))
  t.same(Object.keys(parseStrict(encodeCanonical(object)) as object), keys.sort(), 'many keys')
  t.end()
})

void t.test('what has no canonical form is refused with the path to it', (t) => {
  const loop: unknown[] = []
  loop.push(loop)
  class Chapter {
    title = 'Romance Dawn'
  }
  const cases: [unknown, RegExp][] = [
    [{ metadata: { en: { sort_id: 1.5 } } }, /^metadata\.en\.sort_id is 1\.5: only whole numbers/],
    [{ a: [0, { 'b c': NaN }] }, /^a\[1\]\["b c"\] is NaN/],
    [Infinity, /^The value is Infinity/],
    [2 ** 53, /^The value is 9007199254740992: only whole numbers/],
    [-(2 ** 53), /^The value is -9007199254740992/],
    [{ title: 'a \ud83d z' }, /^title has half of a surrogate pair/],
    [{ title: '\ude00' }, /^title has half/],
    [{ x: { '\ud83d': 1 } }, /^x\["\\ud83d"\] has half/],
    [[undefined], /^\[0\] is undefined: JSON knows/],
    [{ f: () => 1 }, /^f is a function/],
    [{ s: Symbol('s') }, /^s is a symbol/],
    [{ n: 10n }, /^n is a bigint/],
    [{ published_at: new Date(0) }, /^published_at is a Date/],
    [new Map(), /^The value is a Map/],
    [new Uint8Array(1), /^The value is a Uint8Array/],
    [{ chapter: new Chapter() }, /^chapter is a Chapter/],
    [Object.create({ constructor: undefined }), /^The value is/],
    [loop, /is deeper than 64 levels/],
    [nested(65), /is deeper than 64 levels/],
  ]
  for (const [value, message] of cases) t.throws(() => canonicalText(value), { code: 'invalid_json', message })

  const long = { ['😀'.repeat(10_000)]: 1.5 }
  t.throws(() => canonicalText(long), { message: /^.{1,300}$/u }, 'a long path is cut between characters')
  t.end()
})

void t.test('agrees with canonicalize (RFC 8785) where the two specifications do', (t) => {
  const orderIsTheSame = (value: unknown): boolean => !/[\ud800-\udfff]/.test(JSON.stringify(value))
  fc.assert(
    fc.property(jsonValue.filter(orderIsTheSame), (value) => canonicalText(value) === canonicalize(value)),
    { numRuns: 2000 },
  )
  t.pass('2,000 values')
  t.end()
})

void t.test('keys come in the order of their UTF-8 bytes, which is that of code points', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ unit: 'binary' }), { maxLength: 40 }), (keys) => {
      const text = canonicalText(Object.fromEntries(keys.map((key) => [`k${key}`, 0])))
      const expected = keys.map((key) => `k${key}`).sort((a, b) => Buffer.compare(utf8(a), utf8(b)))
      return text === `{${expected.map((key) => `${JSON.stringify(key)}:0`).join(',')}}`
    }),
  )
  t.pass('always')
  t.end()
})

void t.test('every vector of canonical JSON', { skip: vectors ? false : '../shared/vectors is not there' }, (t) => {
  for (const { input, canonical, reject } of vectors?.cases ?? []) {
    if (reject === undefined) {
      t.same(encodeCanonical(parseStrict(utf8(input))), utf8(canonical!), input)
    } else {
      t.throws(() => parseStrict(utf8(input)), { code: 'invalid_json' }, `${input}: ${reject}`)
    }
  }
  t.end()
})
