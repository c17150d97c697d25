import type { Capability, Mount } from '@manga-federation/testing'
import express from 'express'
import express4 from 'express4'
import { mountExpress } from './express-site.ts'
import { FASTIFY_WITHOUT, mountFastify } from './fastify-site.ts'
import { KOA_WITHOUT, mountKoa } from './koa-site.ts'

/** An adapter as the suite runs it. */
export interface AdapterUnderTest {
  readonly name: string
  readonly mount: Mount
  readonly without: Partial<Record<Capability, string>>
}

/** Every adapter, on every major version of its framework. */
export const ADAPTERS: readonly AdapterUnderTest[] = [
  { name: 'Fastify', mount: mountFastify, without: FASTIFY_WITHOUT },
  { name: 'Koa', mount: mountKoa, without: KOA_WITHOUT },
  { name: 'Express 5', mount: mountExpress(express), without: {} },
  { name: 'Express 4', mount: mountExpress(express4), without: {} },
]
