import { type Federation, FederationError, type JsonValue, parseStrict } from '@manga-federation/core'
import { verifyPage, type VerifyState } from './pages/verify-page.ts'
import type { Fields } from './paging.ts'
import type { SitePage } from './site-page.ts'

/** Objects in one paste: a page of a listing. */
const MAX_OBJECTS = 100

/** The form as browsers send it, where a character may take nine bytes: a page of a listing, or the largest object. */
export const MAX_VERIFY_BYTES = 1024 * 1024

const utf8 = new TextEncoder()

/** The form in which somebody asks whether something is what its origin signed. */
export function verifyForm(): SitePage {
  return pageOf({ text: '' })
}

/**
 * The answer for what was pasted into the form.
 *
 * To find it, the site may ask other servers for their keys: this is not for strangers.
 */
export async function verifyPasted(
  federation: Pick<Federation, 'verifyAll'>,
  body: Fields | undefined,
): Promise<SitePage> {
  const text = typeof body?.['text'] === 'string' ? body['text'].trim() : ''
  const objects = objectsIn(text)
  if (typeof objects === 'string') return { ...pageOf({ text, problem: objects }), status: 422 }
  return pageOf({ text, verdicts: await federation.verifyAll(objects) })
}

/** The objects that were pasted, one or a list of them; or what is wrong, in words. */
function objectsIn(text: string): readonly JsonValue[] | string {
  if (text === '') return 'Paste what you want to have checked.'
  try {
    const pasted = parseStrict(utf8.encode(text))
    const objects = Array.isArray(pasted) ? pasted : [pasted]
    return objects.length <= MAX_OBJECTS ? objects : `Paste at most ${MAX_OBJECTS} objects at once.`
  } catch (error) {
    if (error instanceof FederationError) return `This cannot be read: ${error.message}`
    throw error
  }
}

function pageOf(state: VerifyState): SitePage {
  return { title: 'Check a signature', content: verifyPage(state) }
}
