"""Answers for Debian's python3-canonicaljson and python3-signedjson, as peers of the tests.

usage: python3 signedjson_peer.py available | canonical | sign | verify

`available` succeeds when both are there. The others read one JSON document a line and write one line for each:
`canonical` the canonical form; `sign` what {"document", "entity", "key_id", "seed"} becomes when it is signed;
`verify` "good" or "bad: REASON" for {"document", "entity", "key_id", "key"}.
"""

import json
import sys

from canonicaljson import encode_canonical_json
from signedjson.key import decode_signing_key_base64, decode_verify_key_bytes
from signedjson.sign import SignatureVerifyException, sign_json, verify_signed_json
from unpaddedbase64 import decode_base64


def canonical(document):
    return encode_canonical_json(document)


def sign(order):
    algorithm, version = order["key_id"].split(":")
    key = decode_signing_key_base64(algorithm, version, order["seed"])
    return encode_canonical_json(sign_json(order["document"], order["entity"], key))


def verify(order):
    key = decode_verify_key_bytes(order["key_id"], decode_base64(order["key"]))
    try:
        verify_signed_json(order["document"], order["entity"], key)
        return b"good"
    except SignatureVerifyException as reason:
        return b"bad: " + str(reason).encode().replace(b"\n", b" ")


def main():
    task = sys.argv[1]
    if task == "available":
        return
    answer = {"canonical": canonical, "sign": sign, "verify": verify}[task]
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(answer(json.loads(line)) + b"\n")


main()
