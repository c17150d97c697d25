export type { MirroredIds } from './changes.ts'
export type { RepublishFilter } from './choice.ts'
export { createMirroring, type Mirroring, type MirroringOptions } from './mirroring.ts'
export {
  createMirroredCatalog,
  type MirroredCatalog,
  type MirroredItem,
  type MirroredObject,
  type MirroredOrigin,
  type MirroredPage,
  type MirroredQuery,
} from './reading.ts'
export type { RepublishRule } from './republisher.ts'
export type { MirroredChange, OnMirrored } from './teller.ts'
