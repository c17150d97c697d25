export { decodeBase64, encodeBase64 } from './base64.ts'
export { canonicalText, encodeCanonical } from './canonical.ts'
export { type ParsedDocument, parseForVerifying, parseStrict } from './parse.ts'
export { signDocument, signedBytes, signObject } from './signing.ts'
export { isJsonObject, type JsonObject, type JsonValue } from './value.ts'
export {
  type SignatureFailure,
  type SignatureVerdict,
  verifyDocument,
  verifyObject,
  verifyObjectInBackground,
} from './verifying.ts'
