import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  canonicalText,
  cutCanonical,
  cutSigned,
  encodeCanonical,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  memberNamed,
  numberOfKey,
  parseForVerifying,
  parseLocated,
  parseStrict,
  type Part,
  readPart,
  signedBytes,
} from './index.ts'
import { jsonValue } from './test-values.ts'
import { ownValue } from './value.ts'

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

void t.test('knows UTF-8 as the platform does, whatever bytes stand in a string', (t) => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const edges = [0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed]
  const byte = fc.constantFrom(...edges, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff)
  // By themselves they are seldom a character.
  const character = fc.constantFrom('A', 'é', 'ퟗ', '日', '\ue000', '😀', '\u{10ffff}').map((text) => [...utf8(text)])
  const pieces = fc.array(
    fc.oneof(
      byte.map((one) => [one]),
      character,
    ),
    { minLength: 1, maxLength: 5 },
  )
  let accepted = 0
  fc.assert(
    fc.property(pieces, (inside) => {
      const bytes = Uint8Array.from([0x22, ...inside.flat(), 0x22])
      const expected = outcome(() => JSON.parse(decoder.decode(bytes)) as JsonValue)
      assert.deepEqual(
        outcome(() => parseStrict(bytes)),
        expected,
      )
      if (expected) accepted++
    }),
    { numRuns: 5000 },
  )
  t.ok(accepted > 100, 'enough of them were text')
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

void t.test('a member that nobody looks into is checked, and not built', (t) => {
  const read = (text: string): unknown => parseForVerifying(utf8(text), 'm').value
  const cases: [string, unknown][] = [
    ['{"a":1,"m":{"x":[1,{"y":"日本"}]},"z":2}', { a: 1, m: {}, z: 2 }],
    ['{"m":{}}', { m: {} }],
    ['{"a":{"m":{"x":1}},"mm":{"x":1}}', { a: { m: { x: 1 } }, mm: { x: 1 } }],
    ['{"m":[{"x":1}]}', { m: [{ x: 1 }] }],
    ['{"m":"text"}', { m: 'text' }],
    ['{"m": {"x":1}}', { m: { x: 1 } }],
    ['[{"m":{"x":1}}]', [{ m: { x: 1 } }]],
  ]
  for (const [text, value] of cases) t.strictSame(read(text), value, text)
  for (const wrong of ['{"m":{"x":1.5}}', '{"m":{"x":1,"x":1}}', '{"m":{"x":"\\ud800"}}', '{"m":{"x":1}'])
    t.throws(() => read(wrong), { code: 'invalid_json' }, wrong)
  fc.assert(
    fc.property(jsonValue.filter(isJsonObject), jsonValue, (members, m) => {
      const document = { ...members, m }
      const { value, signedBytes: cut } = parseForVerifying(encodeCanonical(document), 'm')
      assert.deepEqual(value, isJsonObject(m) ? { ...document, m: {} } : document)
      assert.deepEqual(cut, signedBytes(document))
    }),
    { numRuns: 200 },
  )
  t.end()
})

void t.test('the parts of a document are cut out as they would be encoded', (t) => {
  const read = (bytes: Uint8Array): ReturnType<typeof parseLocated> => parseLocated(bytes, 'b')
  const entries = fc.array(jsonValue, { maxLength: 4 })
  const bodies = fc.dictionary(fc.oneof(fc.nat().map(String), fc.constantFrom('x', '__proto__')), jsonValue, {
    maxKeys: 4,
    noNullPrototype: true,
  })
  fc.assert(
    fc.property(entries, fc.oneof(bodies, jsonValue), fc.constantFrom('', ' '), (e, b, indent) => {
      const bytes = utf8(indent === '' ? canonicalText({ b, e }) : JSON.stringify({ e, b }, undefined, indent))
      const { value, parts, unread } = read(bytes)
      const members = unread?.map((part) => [keyIn(bytes, part), readPart(bytes, part)] as const)
      assert.deepEqual(
        members ? { ...(value as JsonObject), b: Object.fromEntries(members) } : value,
        parseStrict(bytes),
      )
      assert.equal(unread !== undefined, indent === '' && isJsonObject(b) && Object.keys(b).length > 0)
      const inner = (key: string): readonly Part[] => memberNamed(bytes, parts, key)?.parts ?? []
      for (const [index, part] of inner('e').entries()) agrees(bytes, part, e[index]!)
      if (indent !== '' || !isJsonObject(b)) return
      assert.equal(inner('b').length, Object.keys(b).length)
      for (const part of inner('b')) {
        const body: JsonValue = ownValue(b, keyIn(bytes, part))!
        agrees(bytes, part, body)
        assert.equal(cutSigned(bytes, part) !== undefined, isJsonObject(body), 'of every object it is known')
      }
    }),
    { numRuns: 500 },
  )
  // Of a document with very many parts none of the inner ones is told.
  const many = { b: Object.fromEntries(Array.from({ length: 17_000 }, (_, index) => [String(index), { a: index }])) }
  const { value, parts } = read(encodeCanonical(many))
  t.strictSame(value, many)
  const to = encodeCanonical(many).length - 1
  t.strictSame(parts, [{ from: 1, valueFrom: 5, to, isCanonical: true, parts: undefined }])
  for (const wrong of ['{"b":{"1":{"x":1.5}}}', '{"b":{"1":1,"1":2}}', '{"b":{"1":"\\ud800"}}', '{"b":{"1":1}'])
    t.throws(() => read(utf8(wrong)), { code: 'invalid_json' }, wrong)
  t.end()

  function keyIn(bytes: Uint8Array, { from }: Part): string {
    return JSON.parse(/^"(?:[^"\\]|\\.)*"/.exec(new TextDecoder().decode(bytes.subarray(from)))![0]) as string
  }

  function agrees(bytes: Uint8Array, part: Part, expected: JsonValue): void {
    const cut = cutCanonical(bytes, part)
    if (cut) assert.deepEqual(cut, encodeCanonical(expected))
    const signed = cutSigned(bytes, part)
    if (signed && isJsonObject(expected)) assert.deepEqual(signed, signedBytes(expected))
  }
})

void t.test('the number that a key is is told where it is written as a number is', (t) => {
  const numberIn = (key: string): number | undefined => {
    const bytes = utf8(`{"${key}":{"a":1}}`)
    return numberOfKey(bytes, parseLocated(bytes, 'none').parts[0]!)
  }
  for (const key of ['', '00', '07', '-1', '1.0', '1e3', ' 1', 'a', '9007199254740992', '99999999999999999999'])
    t.equal(numberIn(key), undefined, key)
  for (const number of [0, 7, 10, 1234567890, Number.MAX_SAFE_INTEGER]) t.equal(numberIn(String(number)), number)
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

void t.test('accepts exactly what JSON.parse accepts and what a slow check of its tokens does not object to', (t) => {
  const quoted = String.raw`"a" "b" "\u0061" "__proto__" "é" "😀" "\ud83d\ude00" "\ud83d" "\ude00" "\u00e9" "\/" "\n" "`
  const bare = '0 -0 1 - 01 1.5 2e3 9007199254740991 9007199254740992 true null fals'
  const nested = '{ } [ ] : , {"a":1} {"b":1,"a":2} [1]'
  const pieces = fc.constantFrom(' ', '\n', ...`${quoted} ${bare} ${nested}`.split(' '))
  const tokens = fc.array(pieces, { maxLength: 6 })
  const text = fc.oneof(
    tokens.map((some) => some.join('')),
    fc
      .array(fc.tuple(pieces, pieces), { maxLength: 4 })
      .map((pairs) => `{${pairs.map((pair) => pair.join(':')).join()}}`),
    tokens.map((some) => `[${some.join()}]`),
  )
  let accepted = 0
  fc.assert(
    fc.property(text, (text) => {
      const ours = outcome(() => parseStrict(utf8(text)))
      const theirs = outcome(() => JSON.parse(text) as JsonValue)
      const expected = theirs && !hidesSomething(text, theirs.value) ? theirs : undefined
      assert.deepEqual(ours, expected, text)
      if (ours === undefined) return
      accepted++
      const isCanonical = isJsonObject(ours.value) && text === canonicalText(ours.value)
      assert.equal(parseForVerifying(utf8(text)).signedBytes !== undefined, isCanonical, text)
    }),
    { numRuns: 5000 },
  )
  t.ok(accepted > 500, 'enough of the texts were documents')
  t.end()
})

/** What `JSON.parse` would not tell of a text that it accepts, found out the slow way. */
function hidesSomething(text: string, value: JsonValue): boolean {
  const strings = text.match(/"(?:[^"\\]|\\.)*"/g) ?? []
  const numbers = text.replace(/"(?:[^"\\]|\\.)*"/g, '""').match(/-?[0-9][0-9.eE+-]*/g) ?? []
  const members = text.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(':').length - 1
  return (
    numbers.some((number) => !/^-?[0-9]+$/.test(number) || number === '-0' || !Number.isSafeInteger(Number(number))) ||
    strings.some((string) => !(JSON.parse(string) as string).isWellFormed()) ||
    // Of two equal keys one is left.
    members !== membersIn(value)
  )
}

function membersIn(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0
  const inside = Object.values(value).reduce<number>((sum, item) => sum + membersIn(item), 0)
  return Array.isArray(value) ? inside : inside + Object.keys(value).length
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('')
}
