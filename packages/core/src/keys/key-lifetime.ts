const DAY_MS = 24 * 60 * 60 * 1000

/** How long a key document is valid, and how long one counts at most, whatever it says (PROTOCOL section 5.1). */
export const KEY_LIFETIME_MS: number = 7 * DAY_MS

/** Until when a document that came at `fetchedTs` counts (PROTOCOL section 5.1, effective expiry). */
export function effectiveExpiry(validUntilTs: number, fetchedTs: number): number {
  return Math.min(validUntilTs, fetchedTs + KEY_LIFETIME_MS)
}
