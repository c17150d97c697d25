import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { readShared } from '../crypto/test-shared.ts'
import {
  appendLeaves,
  type CompactRange,
  EMPTY_RANGE,
  EMPTY_ROOT,
  leafHash,
  proveConsistency,
  proveInclusion,
  readRange,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from './index.ts'
import { countingNodes, nodesOfLeaves } from './test-nodes.ts'
import { rfc6962, sha256Of } from './test-rfc6962.ts'

/** Every pair and every leaf is tried in trees up to here. */
const SMALL_SIZE = 65
const LARGE_SIZE = 300

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const decimalLeaves = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => leafHash(ascii(String(index))))
const rangeOf = (leaves: readonly Uint8Array[]): CompactRange => appendLeaves(EMPTY_RANGE, leaves).range
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const leaves = decimalLeaves(LARGE_SIZE)
const oracle = rfc6962((index) => sha256Of(Uint8Array.of(0), String(index)))
const nodes = nodesOfLeaves(leaves)

interface RootVectors {
  readonly ct: { readonly leaves_hex: readonly string[]; readonly roots_hex_by_size: Readonly<Record<string, string>> }
  readonly decimal: { readonly roots_hex_by_size: Readonly<Record<string, string>> }
}

interface ProofVectors {
  readonly inclusion: readonly (Vector & {
    readonly leafIdx: number
    readonly treeSize: number
    readonly root: string
    readonly leafHash: string
  })[]
  readonly consistency: readonly (Vector & {
    readonly size1: number
    readonly size2: number
    readonly root1: string
    readonly root2: string
  })[]
}

interface Vector {
  readonly name: string
  readonly proof: readonly string[] | null
  readonly wantErr: boolean
}

const roots = readShared('vectors/merkle-roots.json') as RootVectors | undefined
const proofs = readShared('vectors/merkle-proofs.json') as ProofVectors | undefined

t.test('every vector of roots', { skip: roots ? false : '../shared/vectors is not there' }, (t) => {
  const { ct, decimal } = roots!
  const ctLeaves = ct.leaves_hex.map((leaf) => leafHash(Buffer.from(leaf, 'hex')))
  for (const [size, root] of Object.entries(ct.roots_hex_by_size)) {
    t.equal(hex(rootOf(rangeOf(ctLeaves.slice(0, Number(size))))), root, `${size} leaves`)
  }
  for (const [size, root] of Object.entries(decimal.roots_hex_by_size)) {
    t.equal(hex(rootOf(rangeOf(decimalLeaves(Number(size))))), root, `${size} decimal leaves`)
  }
  t.end()
})

t.test('every vector of proofs', { skip: proofs ? false : '../shared/vectors is not there' }, (t) => {
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
  for (const { name, leafIdx, treeSize, root, leafHash, proof, wantErr } of proofs!.inclusion) {
    const claim = { leafHash: bytes(leafHash), index: leafIdx, size: treeSize, root: bytes(root) }
    t.equal(verifyInclusion(claim, (proof ?? []).map(bytes)), !wantErr, name)
  }
  for (const { name, size1, size2, root1, root2, proof, wantErr } of proofs!.consistency) {
    const claim = { oldSize: size1, oldRoot: bytes(root1), newSize: size2, newRoot: bytes(root2) }
    t.equal(verifyConsistency(claim, (proof ?? []).map(bytes)), !wantErr, name)
  }
  t.end()
})

t.test('the tree is that of RFC 6962 at every size, appended one by one or at once, and read back', async (t) => {
  t.same(EMPTY_ROOT, sha256Of(''))
  let grown = EMPTY_RANGE
  for (let size = 0; size <= LARGE_SIZE; size += 1) {
    const root = oracle.treeHash(0, size)
    assert.deepEqual(rootOf(grown), root)
    assert.equal(grown.size, size)
    assert.equal(grown.hashes.length, size.toString(2).replaceAll('0', '').length, 'one hash for each bit')
    assert.deepEqual(rangeOf(leaves.slice(0, size)), grown, 'at once')
    assert.deepEqual(await readRange(size, nodes.read), grown, 'read back')
    if (size < LARGE_SIZE) grown = appendLeaves(grown, [leaves[size]!]).range
  }
  t.pass(`sizes 0 to ${LARGE_SIZE}`)
})

t.test('a leaf completes the subtrees that end with it', (t) => {
  const { completed } = appendLeaves(EMPTY_RANGE, leaves)
  for (const [index, hashes] of completed.entries()) {
    for (const [level, hash] of hashes.entries()) {
      assert.deepEqual(hash, oracle.treeHash(index + 1 - 2 ** level, index + 1))
    }
    assert.notEqual((index + 1) % 2 ** hashes.length, 0, 'and no larger one')
  }
  t.pass()
  t.end()
})

t.test('every proof in small trees is that of the RFC, and is accepted', async (t) => {
  for (let newSize = 0; newSize < SMALL_SIZE; newSize += 1) {
    const newRoot = oracle.treeHash(0, newSize)
    for (let oldSize = 0; oldSize <= newSize; oldSize += 1) {
      const proof = await proveConsistency(oldSize, newSize, nodes.read)
      assert.deepEqual(proof, oldSize === 0 ? [] : oracle.subproof(oldSize, 0, newSize, true))
      const claim = { oldSize, oldRoot: oracle.treeHash(0, oldSize), newSize, newRoot }
      assert.ok(verifyConsistency(claim, proof), `${oldSize} to ${newSize}`)
    }
    for (let index = 0; index < newSize; index += 1) {
      const proof = await proveInclusion(index, newSize, nodes.read)
      assert.deepEqual(proof, oracle.path(index, 0, newSize))
      const claim = { leafHash: leaves[index]!, index, size: newSize, root: newRoot }
      assert.ok(verifyInclusion(claim, proof), `${index} in ${newSize}`)
    }
  }
  t.pass(`trees up to ${SMALL_SIZE - 1} leaves`)
})

/** A bit to flip, of one of some hashes. */
const bit = fc.record({ which: fc.nat(), byte: fc.nat({ max: 31 }), mask: fc.nat({ max: 7 }).map((n) => 2 ** n) })

/** The same hashes but for one bit. */
function flipped(hashes: readonly Uint8Array[], { which, byte, mask }: { which: number; byte: number; mask: number }) {
  return hashes.map((hash, index) =>
    index === which % hashes.length ? hash.map((value, place) => (place === byte ? value ^ mask : value)) : hash,
  )
}

/** Proofs that are wrong whatever they prove. */
const wrongProofs = (proof: readonly Uint8Array[]): Uint8Array[][] => [
  proof.slice(1),
  proof.slice(0, -1),
  [...proof, EMPTY_ROOT],
  [EMPTY_ROOT, ...proof],
  [...proof, proof[0]!],
  proof.map((hash) => hash.subarray(1)),
  ...(proof.length > 1 ? [proof.toReversed()] : []),
]

t.test('proofs in larger trees are accepted, and altered ones refused', async (t) => {
  const sizes = fc
    .tuple(fc.integer({ min: 1, max: LARGE_SIZE }), fc.integer({ min: 1, max: LARGE_SIZE }))
    .filter(([a, b]) => a !== b)
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  await fc.assert(
    fc.asyncProperty(sizes, bit, async ([oldSize, newSize], place) => {
      const [oldRoot, newRoot] = [oracle.treeHash(0, oldSize), oracle.treeHash(0, newSize)]
      const claim = { oldSize, oldRoot, newSize, newRoot }
      const proof = await proveConsistency(oldSize, newSize, nodes.read)
      assert.ok(verifyConsistency(claim, proof))
      assert.ok(!verifyConsistency(claim, flipped(proof, place)), 'a bit of the proof')
      assert.ok(
        !verifyConsistency({ ...claim, oldRoot: flipped([oldRoot], place)[0]! }, proof),
        'a bit of the old root',
      )
      assert.ok(
        !verifyConsistency({ ...claim, newRoot: flipped([newRoot], place)[0]! }, proof),
        'a bit of the new root',
      )
      for (const [index, wrong] of wrongProofs(proof).entries()) assert.ok(!verifyConsistency(claim, wrong), `${index}`)

      const inclusion = { leafHash: leaves[oldSize]!, index: oldSize, size: newSize, root: newRoot }
      const path = await proveInclusion(oldSize, newSize, nodes.read)
      assert.ok(verifyInclusion(inclusion, path))
      assert.ok(!verifyInclusion(inclusion, flipped(path, place)), 'a bit of the path')
      assert.ok(!verifyInclusion({ ...inclusion, leafHash: leaves[oldSize - 1]! }, path), 'another leaf')
      assert.ok(!verifyInclusion({ ...inclusion, root: oldRoot }, path), 'another root')
      for (const [index, wrong] of wrongProofs(path).entries())
        assert.ok(!verifyInclusion(inclusion, wrong), `${index}`)
    }),
  )
  t.pass()
})

t.test('claims about sizes that cannot be are refused, and no proof of them is made', async (t) => {
  const [one, two] = [oracle.treeHash(0, 1), oracle.treeHash(0, 2)]
  const consistencies: [number, Uint8Array, number, Uint8Array, string][] = [
    [2, two, 1, one, 'shrinking'],
    [2, two, 2, one, 'one size, two roots'],
    [0, one, 2, two, 'an empty tree with a root of its own'],
    [-1, one, 2, two, 'less than nothing'],
    [1.5, one, 2, two, 'half a leaf'],
    [1, one, 2 ** 53, two, 'beyond 2^53−1'],
    [1, one, Number.NaN, two, 'no number'],
  ]
  for (const [oldSize, oldRoot, newSize, newRoot, name] of consistencies) {
    t.notOk(verifyConsistency({ oldSize, oldRoot, newSize, newRoot }, []), name)
    t.notOk(verifyConsistency({ oldSize, oldRoot, newSize, newRoot }, [leaves[1]!]), `${name}, with a proof`)
  }
  for (const [index, size] of [
    [1, 1],
    [0, 0],
    [-1, 1],
    [0.5, 1],
    [0, 2 ** 53],
  ] as const) {
    t.notOk(verifyInclusion({ leafHash: one, index, size, root: one }, []), `leaf ${index} of ${size}`)
  }
  t.ok(verifyConsistency({ oldSize: 0, oldRoot: EMPTY_ROOT, newSize: 2, newRoot: two }, []), 'from nothing')
  t.ok(
    verifyConsistency({ oldSize: 0, oldRoot: EMPTY_ROOT, newSize: 0, newRoot: EMPTY_ROOT }, []),
    'nothing to nothing',
  )
  await t.rejects(proveConsistency(3, 2, nodes.read), { code: 'invalid_parameter' })
  await t.rejects(proveInclusion(2, 2, nodes.read), { code: 'invalid_parameter' })
})

t.test('bytes moved from one hash to its neighbor are noticed', (t) => {
  const root = oracle.treeHash(0, 2)
  const whole = Buffer.concat([leaves[0]!, leaves[1]!])
  const [longer, shorter] = [new Uint8Array(whole.subarray(0, 33)), new Uint8Array(whole.subarray(33))]
  t.notOk(verifyInclusion({ leafHash: longer, index: 0, size: 2, root }, [shorter]))
  t.notOk(verifyConsistency({ oldSize: 1, oldRoot: longer, newSize: 2, newRoot: root }, [shorter]))
  t.end()
})

t.test('sizes far beyond 32 bits, with about two reads a level', async (t) => {
  // All leaves are alike but one, so that every subtree is known without walking it.
  const oddLeaf = 2 ** 40 + 1
  const plain = [leafHash(ascii('plain'))]
  for (let level = 1; level <= 52; level += 1)
    plain.push(sha256Of(Uint8Array.of(1), plain[level - 1]!, plain[level - 1]!))
  const leafAt = (index: number): Uint8Array => (index === oddLeaf ? leafHash(ascii('odd')) : plain[0]!)
  const huge = rfc6962(leafAt, (start, end) => {
    const level = Math.log2(end - start)
    return Number.isInteger(level) && 2 ** level === end - start && (oddLeaf < start || oddLeaf >= end)
      ? plain[level]
      : undefined
  })
  const hugeNodes = countingNodes(({ level, index }) => huge.treeHash(index * 2 ** level, (index + 1) * 2 ** level))
  const sizes = [1, 2 ** 31, 2 ** 32 + 1, 2 ** 40, 2 ** 40 + 3, 2 ** 52 - 1, 2 ** 52, 2 ** 53 - 2, 2 ** 53 - 1]

  for (const size of sizes) {
    const range = await readRange(size, hugeNodes.read)
    assert.ok(range.hashes.length <= 53)
    assert.deepEqual(rootOf(range), huge.treeHash(0, size), `the root at ${size}`)
    if (size > 2 ** 53 - 2) continue
    assert.deepEqual(
      rootOf(appendLeaves(range, [leafAt(size)]).range),
      huge.treeHash(0, size + 1),
      `${size} and one more`,
    )
  }
  const full = await readRange(2 ** 53 - 1, hugeNodes.read)
  t.throws(() => appendLeaves(full, [plain[0]!]), { code: 'internal', message: /full/ })

  hugeNodes.countReads()
  for (const newSize of sizes) {
    const newRoot = huge.treeHash(0, newSize)
    const maxReads = 2 * Math.ceil(Math.log2(newSize)) + 1
    for (const oldSize of sizes.filter((size) => size < newSize)) {
      const proof = await proveConsistency(oldSize, newSize, hugeNodes.read)
      assert.ok(hugeNodes.countReads() <= maxReads, `${oldSize} to ${newSize}`)
      assert.deepEqual(proof, huge.subproof(oldSize, 0, newSize, true))
      const claim = { oldSize, oldRoot: huge.treeHash(0, oldSize), newSize, newRoot }
      assert.ok(verifyConsistency(claim, proof), `${oldSize} to ${newSize}`)
      assert.ok(!verifyConsistency({ ...claim, newRoot: claim.oldRoot }, proof))
    }
    for (const index of [0, oddLeaf, newSize - 1].filter((place) => place < newSize)) {
      const proof = await proveInclusion(index, newSize, hugeNodes.read)
      assert.ok(hugeNodes.countReads() <= maxReads, `${index} in ${newSize}`)
      assert.deepEqual(proof, huge.path(index, 0, newSize))
      const claim = { leafHash: leafAt(index), index, size: newSize, root: newRoot }
      assert.ok(verifyInclusion(claim, proof), `${index} in ${newSize}`)
      assert.ok(!verifyInclusion({ ...claim, leafHash: EMPTY_ROOT }, proof))
    }
  }
})
