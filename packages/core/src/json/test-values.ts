import fc from 'fast-check'
import type { JsonValue } from './value.ts'

/** Keys that JavaScript treats in its own ways, beside arbitrary ones of whole characters. */
const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('__proto__', 'constructor', 'toJSON', 'hasOwnProperty', '', '1', '10', '2', '\ufb33', '😀'),
)

/** Everything that canonical JSON can say, up to a few levels. */
export const jsonValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((integer) => integer || 0),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 8, noNullPrototype: true }),
  ),
})).value

/** The cases of `canonical-json.json`. */
export interface CanonicalCases {
  readonly cases: readonly { readonly input: string; readonly canonical?: string; readonly reject?: string }[]
}
