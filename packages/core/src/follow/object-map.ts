import type { ObjectKind } from '../store/index.ts'

/** Which object is meant, of those of one server. */
export interface ObjectKey {
  readonly kind: ObjectKind
  readonly id: string
}

/** What is known of objects. A text of kind and id for each would be most of what a page leaves behind. */
export class ObjectMap<T> {
  readonly #maps: Readonly<Record<ObjectKind, Map<string, T>>> = { series: new Map(), chapter: new Map() }

  get({ kind, id }: ObjectKey): T | undefined {
    return this.#maps[kind].get(id)
  }

  set({ kind, id }: ObjectKey, value: T): void {
    this.#maps[kind].set(id, value)
  }
}
