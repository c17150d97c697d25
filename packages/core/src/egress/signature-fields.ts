import { type Dictionary, type InnerList, isInnerList, parseDictionary } from 'structured-headers'
import { FederationError } from '../errors.ts'
import type { FederationRequest } from '../http/index.ts'
import { invalidSignature, SIGNATURE_LABEL } from './signature-profile.ts'

/** Ours take about 600 bytes; the rest is for signatures under other labels. */
const MAX_FIELD_CHARACTERS = 8 * 1024

/** Texts in double quotes of a structured field (RFC 8941 section 3.3.3): there a label is only text. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g

/** Our label as the key of a member of a dictionary, once the texts in quotes are taken out. */
const LABELED = new RegExp(`(?:^|,)[ \\t]*${SIGNATURE_LABEL}(?![a-z0-9_.*-])`, 'g')

/** What the two headers of a signature say under our label. */
export interface SignatureFields {
  /** The covered components and the signature's parameters. */
  readonly input: InnerList
  readonly signature: Uint8Array
}

/**
 * Reads our signature from the headers of a request; those under other labels are passed over.
 *
 * @throws FederationError `missing_request_signature`, `invalid_request_signature`.
 */
export function readSignatureFields(headers: FederationRequest['headers']): SignatureFields {
  const input = labeledMember(headers, 'signature-input')
  const signature = labeledMember(headers, 'signature')
  if (input === undefined && signature === undefined) {
    throw new FederationError(
      'missing_request_signature',
      `This request must be signed (RFC 9421) under the label ${SIGNATURE_LABEL}.`,
    )
  }
  if (input === undefined) throw invalidSignature(`signature-input has no ${SIGNATURE_LABEL}`)
  if (signature === undefined) throw invalidSignature(`signature has no ${SIGNATURE_LABEL}`)
  if (!isInnerList(input)) throw invalidSignature(`${SIGNATURE_LABEL} in signature-input is not a list of components`)
  const [bytes] = signature
  if (!(bytes instanceof ArrayBuffer)) throw invalidSignature(`${SIGNATURE_LABEL} in signature is not a byte sequence`)
  return { input, signature: new Uint8Array(bytes) }
}

/**
 * Reads a header that is a dictionary of RFC 8941.
 *
 * @throws FederationError `invalid_request_signature`.
 */
export function readDictionary(name: string, text: string): Dictionary {
  try {
    return parseDictionary(text)
  } catch (cause) {
    throw invalidSignature(`${name} is not a dictionary of RFC 8941`, cause)
  }
}

/**
 * The text of a header, its lines joined (RFC 9421 section 2.1).
 *
 * @throws FederationError `invalid_request_signature` when it is too long.
 */
export function fieldText(headers: FederationRequest['headers'], name: string): string | undefined {
  const value = headers[name]
  const text = (typeof value === 'string' ? value : value?.join(', '))?.trim()
  if (text !== undefined && text.length > MAX_FIELD_CHARACTERS) {
    throw invalidSignature(`${name} is longer than ${MAX_FIELD_CHARACTERS} characters`)
  }
  return text
}

/** A dictionary keeps the last of two members with one key; for signatures two are one too many. */
function labeledMember(headers: FederationRequest['headers'], name: string): ReturnType<Dictionary['get']> {
  const text = fieldText(headers, name)
  if (text === undefined) return undefined
  const member = readDictionary(name, text).get(SIGNATURE_LABEL)
  const labels = text.replaceAll(QUOTED, '""').match(LABELED) ?? []
  if (labels.length > 1) throw invalidSignature(`${name} has more than one ${SIGNATURE_LABEL}`)
  return member
}
