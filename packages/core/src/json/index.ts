export { decodeBase64, encodeBase64 } from './base64.ts'
export { canonicalText, encodeCanonical } from './canonical.ts'
export {
  cutCanonical,
  cutSigned,
  type LocatedDocument,
  memberNamed,
  numberOfKey,
  type ParsedDocument,
  parsedBefore,
  parseForVerifying,
  parseLocated,
  parseStrict,
  readPart,
} from './parse.ts'
export { signDocument, signedBytes, signObject } from './signing.ts'
export type { Part } from './strict-scan.ts'
export { isJsonObject, type JsonObject, type JsonValue } from './value.ts'
export {
  type KeysById,
  planObject,
  type SignatureFailure,
  type SignaturePlan,
  type SignatureVerdict,
  verifyDocument,
  verifyObject,
} from './verifying.ts'
