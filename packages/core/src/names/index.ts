export { defaultKeyId, isKeyId } from './key-id.ts'
export { isServerName, parseServerName, type ServerNameOptions, splitServerName } from './server-name.ts'
export { decodeServerNameSegment, encodeServerNameSegment } from './server-name-segment.ts'
