import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { encodeCanonical, isJsonObject, parseForVerifying, parseStrict, signedBytes } from './index.ts'
import { jsonValue } from './test-values.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

function outcome<T>(read: () => T): { value: T } | undefined {
  try {
    return { value: read() }
  } catch {
    return undefined
  }
}

void t.test('accepted documents', (t) => {
  const cases: [string, unknown][] = [
    [' \t\r\n[ 1 , -2 ,\n{ "a" : "b" , "c" : [ ] , "d" : { } } ] \n', [1, -2, { a: 'b', c: [], d: {} }]],
    ['"\\u0061\\ud83d\\ude00\\n\\/\\""', 'a😀\n/"'],
    ['"ends in a backslash\\\\"', 'ends in a backslash\\'],
    ['"\\\\\\""', '\\"'],
    ['9007199254740991', 9007199254740991],
    ['[true,false,null]', [true, false, null]],
    [`${'['.repeat(64)}${']'.repeat(64)}`, JSON.parse(`${'['.repeat(64)}${']'.repeat(64)}`)],
    ['"\ufeff is a character inside"', '\ufeff is a character inside'],
  ]
  for (const [text, value] of cases) t.strictSame(parseStrict(utf8(text)), value, text.slice(0, 60))
  t.end()
})

void t.test('keys that JavaScript treats in its own ways are ordinary ones', (t) => {
  const object = parseStrict(utf8('{"__proto__":{"x":1},"constructor":2,"toString":3}')) as Record<string, unknown>
  t.equal(Object.getPrototypeOf(object), Object.prototype)
  t.equal(object['x'], undefined)
  t.same(Object.entries(object), [
    ['__proto__', { x: 1 }],
    ['constructor', 2],
    ['toString', 3],
  ])
  t.throws(() => parseStrict(utf8('{"__proto__":1,"__proto__":2}')), { message: /is there twice/ })
  t.end()
})

void t.test('refused documents, and what is said of them', (t) => {
  const cases: [string, RegExp][] = [
    ['', /^Line 1, column 1: a value is expected/],
    ['{\n "a": 1,\n "a": 2}', /^Line 3, column 2: the key "a" is there twice/],
    ['{"a":1,"\\u0061":2}', /the key "a" is there twice/],
    ['[1.0]', /^Line 1, column 2: this number has a fraction or an exponent/],
    ['1e5', /fraction or an exponent/],
    ['1E5', /fraction or an exponent/],
    ['-0', /-0 is not accepted/],
    ['9007199254740992', /not within/],
    ['-9007199254740992', /not within/],
    ['9'.repeat(100_000), /not within/],
    ['01', /should end here/],
    ['-', /a value is expected/],
    ['+1', /a value is expected/],
    ['"\\ud83d"', /half of a surrogate pair/],
    ['"\\ude00\\ud83d"', /half of a surrogate pair/],
    ['"\\ud83d😀"', /half of a surrogate pair/],
    ['"\\x"', /unknown escape/],
    ['"\\u12G4"', /unknown escape/],
    ['"a\nb"', /control character/],
    ['"open', /does not end/],
    ['"open\\"', /does not end/],
    ['{"a" 1}', /":" is expected/],
    ['{"a":1 "b":2}', /"," or "}" is expected/],
    ['{"a":1,}', /a key in double quotes is expected/],
    ['{a:1}', /a key in double quotes is expected/],
    ['[1 2]', /"," or "\]" is expected/],
    ['[1,]', /a value is expected/],
    ['[', /a value is expected/],
    ['nul', /a value is expected/],
    ['NaN', /a value is expected/],
    ['{} x', /^Line 1, column 4: the document should end here/],
    ['\u00a0{}', /a value is expected/],
    ['\ufeff{}', /byte-order mark/],
    [`${'['.repeat(65)}${']'.repeat(65)}`, /deeper than 64 levels/],
    ['{"a":'.repeat(100_000), /deeper than 64 levels/],
    [`{"${'😀'.repeat(9999)}":1,"${'😀'.repeat(9999)}":2}`, /^.{1,120}$/u],
  ]
  for (const [text, message] of cases) {
    t.throws(() => parseStrict(utf8(text)), { code: 'invalid_json', message }, text.slice(0, 40))
  }
  const invalid: [number[], number][] = [
    [[0x22, 0xff, 0x22], 1],
    [[0x22, 0x61, 0xc0, 0x80, 0x22], 2],
    [[0x22, 0xed, 0xa0, 0x80, 0x22], 1],
    [[0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 1],
    [[0x22, 0xef, 0xbf, 0xbd, 0xe6, 0x97], 4],
  ]
  for (const [bytes, offset] of invalid) {
    t.throws(() => parseStrict(Uint8Array.from(bytes)), { code: 'invalid_json', message: `see its byte ${offset}` })
  }
  t.end()
})

void t.test('what is encoded is read as it was, and encoding that again changes nothing', (t) => {
  fc.assert(
    fc.property(jsonValue, (value) => {
      const bytes = encodeCanonical(value)
      const read = parseStrict(bytes)
      assert.deepEqual(read, value)
      assert.deepEqual(encodeCanonical(read), bytes)
    }),
    { numRuns: 300 },
  )
  t.pass('always')
  t.end()
})

void t.test('what signatures cover is cut out of canonical bytes, and of no others', (t) => {
  const cases: [received: string, signed: string | undefined][] = [
    ['{}', '{}'],
    ['{"a":1}', '{"a":1}'],
    ['{"signatures":{}}', '{}'],
    ['{"signatures":{},"unsigned":{}}', '{}'],
    ['{"a":1,"signatures":{},"unsigned":{}}', '{"a":1}'],
    ['{"a":"日本😀é","signatures":{"é":"😀"},"t":"é","unsigned":[1],"z":"日本"}', '{"a":"日本😀é","t":"é","z":"日本"}'],
    ['{"a":{"signatures":1,"unsigned":2}}', '{"a":{"signatures":1,"unsigned":2}}'],
    ['{"a":"\\u001f\\n"}', '{"a":"\\u001f\\n"}'],
    ['{"ﬀ":1,"😀":2}', '{"ﬀ":1,"😀":2}'],
    ['{"😀":2,"ﬀ":1}', undefined],
    ['{"b":1,"a":2}', undefined],
    ['{"a":[{"b":1,"a":2}]}', undefined],
    ['{"a":"\\u001F"}', undefined],
    ['{"a":"\\/"}', undefined],
    ['{"\\u0061":1}', undefined],
    ['{"a": 1}', undefined],
    ['{"a":1}\n', undefined],
    ['[{"a":1}]', undefined],
  ]
  for (const [received, signed] of cases) {
    const { value, signedBytes: cut } = parseForVerifying(utf8(received))
    t.strictSame(value, parseStrict(utf8(received)))
    t.equal(cut && new TextDecoder().decode(cut), signed, received)
  }
  const unsigned = fc.record({ signatures: jsonValue, unsigned: jsonValue }, { requiredKeys: [] })
  fc.assert(
    fc.property(jsonValue.filter(isJsonObject), unsigned, (members, more) => {
      const document = { ...members, ...more }
      assert.deepEqual(parseForVerifying(encodeCanonical(document)).signedBytes, signedBytes(document))
    }),
    { numRuns: 300 },
  )
  t.end()
})

void t.test('reads any spelling of a document as JSON.parse does', (t) => {
  fc.assert(
    fc.property(jsonValue, fc.constantFrom('', ' ', '\t', '\n  '), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent).replace(/[^\t\n -~]/gu, escaped)
      assert.deepEqual(parseStrict(utf8(text)), JSON.parse(text))
    }),
    { numRuns: 300 },
  )
  t.pass('always')
  t.end()
})

void t.test('refuses whatever JSON.parse refuses, however a document was damaged', (t) => {
  const bytesOfJson = fc.constantFrom(...utf8('{}[]",:\\/0123456789-+.eEtrufalsn \n\u0001'), 0x80, 0xc3, 0xf0, 0xff)
  const damage = fc.array(fc.record({ place: fc.nat(), remove: fc.nat({ max: 2 }), put: bytesOfJson }), {
    minLength: 1,
    maxLength: 3,
  })
  let accepted = 0
  fc.assert(
    fc.property(jsonValue, damage, (value, changes) => {
      const bytes = [...encodeCanonical(value)]
      for (const { place, remove, put } of changes) bytes.splice(place % bytes.length, remove, put)
      const ours = outcome(() => parseStrict(Uint8Array.from(bytes)))
      if (ours === undefined) return
      accepted++
      const { signedBytes: cut } = parseForVerifying(Uint8Array.from(bytes))
      if (cut && isJsonObject(ours.value)) assert.deepEqual(cut, signedBytes(ours.value), 'or it is not cut')
      const text = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes))
      assert.deepEqual(ours.value, JSON.parse(text))
    }),
    { numRuns: 3000 },
  )
  t.ok(accepted > 100, 'enough of the damaged documents were still JSON')
  t.end()
})

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('')
}
