import { type InnerList, serializeInnerList, serializeItem } from 'structured-headers'

/** No line end may get into a component's value: it would begin a component of its own (RFC 9421 section 2.5). */
const COMPONENT_VALUE = /^[\t\x20-\x7e]*$/

const encoder = new TextEncoder()

/**
 * The bytes that a signature signs (RFC 9421 section 2.5).
 *
 * @param input - the covered components, whose names are texts, and the signature's parameters.
 * @param values - the value of each component.
 * @returns undefined when a component has no value, or one that no HTTP message can carry.
 */
export function signatureBase(input: InnerList, values: ReadonlyMap<string, string>): Uint8Array | undefined {
  const lines: string[] = []
  for (const component of input[0]) {
    const [name] = component
    const value = typeof name === 'string' ? values.get(name) : undefined
    if (value === undefined || !COMPONENT_VALUE.test(value)) return undefined
    lines.push(`${serializeItem(component)}: ${value}`)
  }
  lines.push(`"@signature-params": ${serializeInnerList(input)}`)
  return encoder.encode(lines.join('\n'))
}
