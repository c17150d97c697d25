import {
  canonicalText,
  decodeBase64,
  encodeBase64,
  importPublicKey,
  importSigningKey,
  type JsonObject,
  parseStrict,
  signDocument,
  verifyDocument,
} from '@manga-federation/core'
import t from 'tap'
import { generatedDocuments } from './generated-documents.ts'
import { askPeer, peerVerifies, whySkipped } from './signedjson-peer.ts'

const ENTITY = 'https://manga.example.com/v1'
const KEY_ID = 'ed25519:a_1'
const SEED = 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA0'
const KEY = importSigningKey(decodeBase64(SEED, 32))

const DOCUMENTS = 100_000
const SIGNED_DOCUMENTS = 300

const skip = whySkipped()

void t.test('python3-canonicaljson gives the same canonical form', { skip }, (t) => {
  const documents = generatedDocuments(DOCUMENTS)
  const answers = askPeer(
    'canonical',
    documents.map((document) => JSON.stringify(document)),
  )
  const different = documents.filter((document, index) => canonicalText(document) !== answers[index])
  t.equal(answers.length, DOCUMENTS, 'an answer to each document')
  t.same(different, [], 'none differs')
  t.end()
})

void t.test('python3-signedjson verifies what we sign, and not when it was altered', { skip }, (t) => {
  const key = encodeBase64(KEY.publicKey)
  const orders = generatedDocuments(SIGNED_DOCUMENTS).flatMap((document) => {
    const signed = signDocument(document as JsonObject, ENTITY, KEY_ID, KEY)
    return [signed, { ...signed, altered: true }].map((document) => ({ document, entity: ENTITY, key_id: KEY_ID, key }))
  })
  const answers = askPeer(
    'verify',
    orders.map((order) => JSON.stringify(order)),
  )
  const expected = orders.map((_, index) => (index % 2 === 0 ? 'good' : 'bad'))
  t.same(
    answers.map((answer) => answer.split(':')[0]),
    expected,
  )
  t.ok(peerVerifies(orders[0]!), 'asked for one')
  t.end()
})

void t.test('we verify what python3-signedjson signs, and not when it was altered', { skip }, (t) => {
  const keys = new Map([[KEY_ID, importPublicKey(KEY.publicKey)]])
  const documents = generatedDocuments(SIGNED_DOCUMENTS)
  const orders = documents.map((document) => JSON.stringify({ document, entity: ENTITY, key_id: KEY_ID, seed: SEED }))
  const signed = askPeer('sign', orders).map((text) => parseStrict(new TextEncoder().encode(text)) as JsonObject)
  const verified = (document: JsonObject): boolean => verifyDocument(document, ENTITY, keys).verified
  t.equal(signed.filter(verified).length, SIGNED_DOCUMENTS)
  t.equal(signed.filter((document) => verified({ ...document, altered: true })).length, 0)
  t.same(
    signed,
    documents.map((document) => signDocument(document as JsonObject, ENTITY, KEY_ID, KEY)),
    'the same',
  )
  t.end()
})
