/** What canonical JSON can say (PROTOCOL section 2). Numbers are integers within ±(2^53−1). */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject

/** An object of JSON values. Any key is an ordinary one, `__proto__` too. */
export interface JsonObject {
  [key: string]: JsonValue
}

/**
 * How deep arrays and objects may stand in one another: `[]` is one level, `[[]]` two (PROTOCOL section 2). It keeps
 * recursion within the stack, and ends it when a value contains itself.
 */
export const MAX_LEVELS = 64

/** Whether a JSON value is an object. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of an own key: `constructor` and its like are not found on every object. */
export function ownValue(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
