import t from 'tap'
import { isPermittedAddress, literalAddress } from './address-policy.ts'

/** IANA's special-purpose address registries, and what stands beside them: name, first address, last address. */
const SPECIAL_RANGES: readonly [string, string, string][] = [
  // https://www.iana.org/assignments/iana-ipv4-special-registry
  ['this network, RFC 791', '0.0.0.0', '0.255.255.255'],
  ['private use, RFC 1918', '10.0.0.0', '10.255.255.255'],
  ['shared address space, RFC 6598', '100.64.0.0', '100.127.255.255'],
  ['loopback, RFC 1122', '127.0.0.0', '127.255.255.255'],
  ['link local, RFC 3927, where clouds keep their credentials', '169.254.0.0', '169.254.255.255'],
  ['private use, RFC 1918', '172.16.0.0', '172.31.255.255'],
  ['IETF protocol assignments, RFC 6890', '192.0.0.0', '192.0.0.255'],
  ['documentation 1, RFC 5737', '192.0.2.0', '192.0.2.255'],
  ['AS112, RFC 7535', '192.31.196.0', '192.31.196.255'],
  ['AMT, RFC 7450', '192.52.193.0', '192.52.193.255'],
  ['6to4 relays, RFC 7526', '192.88.99.0', '192.88.99.255'],
  ['private use, RFC 1918', '192.168.0.0', '192.168.255.255'],
  ['AS112 delegation, RFC 7534', '192.175.48.0', '192.175.48.255'],
  ['benchmarking, RFC 2544', '198.18.0.0', '198.19.255.255'],
  ['documentation 2, RFC 5737', '198.51.100.0', '198.51.100.255'],
  ['documentation 3, RFC 5737', '203.0.113.0', '203.0.113.255'],
  ['multicast, RFC 5771', '224.0.0.0', '239.255.255.255'],
  ['reserved, RFC 1112', '240.0.0.0', '255.255.255.254'],
  ['limited broadcast, RFC 8190', '255.255.255.255', '255.255.255.255'],
  // https://www.iana.org/assignments/iana-ipv6-special-registry
  ['unspecified, RFC 4291', '::', '::'],
  ['loopback, RFC 4291', '::1', '::1'],
  ['dummy prefix, RFC 9780', '100:0:0:1::', '100:0:0:1:ffff:ffff:ffff:ffff'],
  ['discard only, RFC 6666', '100::', '100::ffff:ffff:ffff:ffff'],
  ['IETF protocol assignments, RFC 2928', '2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['port control anycast, RFC 7723', '2001:1::1', '2001:1::1'],
  ['TURN anycast, RFC 8155', '2001:1::2', '2001:1::2'],
  ['DNS-SD anycast, RFC 9665', '2001:1::3', '2001:1::3'],
  ['benchmarking, RFC 5180', '2001:2::', '2001:2:0:ffff:ffff:ffff:ffff:ffff'],
  ['AMT, RFC 7450', '2001:3::', '2001:3:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['AS112, RFC 7535', '2001:4:112::', '2001:4:112:ffff:ffff:ffff:ffff:ffff'],
  ['ORCHID, RFC 4843', '2001:10::', '2001:1f:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['ORCHIDv2, RFC 7343', '2001:20::', '2001:2f:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['drone ids, RFC 9374', '2001:30::', '2001:3f:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['documentation, RFC 3849', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['AS112 delegation, RFC 7534', '2620:4f:8000::', '2620:4f:8000:ffff:ffff:ffff:ffff:ffff'],
  ['documentation, RFC 9637', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['segment routing, RFC 9602', '5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['unique local, RFC 4193', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['link local, RFC 4291', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['site local, RFC 3879', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['multicast, RFC 4291', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  // https://www.iana.org/assignments/ipv6-address-space: what is outside 2000::/3 belongs to nobody
  ['not assigned, below global unicast', '200::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['not assigned, above global unicast', '4000::', 'fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
]

for (const [name, first, last] of SPECIAL_RANGES) {
  t.test(`${first} to ${last} is refused: ${name}`, (t) => {
    t.equal(isPermittedAddress(first, {}), false, first)
    t.equal(isPermittedAddress(last, {}), false, last)
    t.end()
  })
}

/** A public IPv4 address, which would pass by itself, within every form of IPv6 that carries one. */
const IPV4_IN_IPV6: readonly [string, string][] = [
  ['mapped, RFC 4291', '::ffff:1.1.1.1'],
  ['mapped, in hexadecimal', '::ffff:101:101'],
  ['mapped loopback', '::ffff:127.0.0.1'],
  ['compatible, RFC 4291', '::1.1.1.1'],
  ['translated, RFC 2765', '::ffff:0:1.1.1.1'],
  ['NAT64 under the well-known prefix, RFC 6052', '64:ff9b::1.1.1.1'],
  ['NAT64 under the local prefix, RFC 8215', '64:ff9b:1::1.1.1.1'],
  ['6to4, RFC 3056', '2002:101:101::1'],
  ['Teredo, RFC 4380', '2001:0:101:101::1'],
  ['ISATAP, RFC 5214', '2606:4700::5efe:1.1.1.1'],
  ['ISATAP with the universal bit', '2606:4700::200:5efe:1.1.1.1'],
]

for (const [name, address] of IPV4_IN_IPV6) {
  t.test(`IPv4 inside IPv6 is refused: ${name}`, (t) => {
    t.equal(isPermittedAddress(address, {}), false, address)
    t.equal(isPermittedAddress(address, { allowInsecure: true }), false, 'allowInsecure changes nothing')
    t.end()
  })
}

t.test('global unicast addresses pass, up to the edges of the special ranges', (t) => {
  const permitted = [
    '1.0.0.0',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '191.255.255.255',
    '192.0.1.0',
    '192.0.3.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '203.0.112.255',
    '203.0.114.0',
    '223.255.255.255',
    '2001:200::',
    '2001:db7:ffff::',
    '2001:db9::',
    '2003::1',
    '2620:4f:7fff:ffff::1',
    '2620:4f:8001::',
    '3fff:1000::',
    '2606:4700:4700::1111',
    '2a00:1450:4001:800::200e',
  ]
  for (const address of permitted) t.equal(isPermittedAddress(address, {}), true, address)
  t.end()
})

t.test('allowInsecure lets loopback addresses through and nothing else', (t) => {
  const policy = { allowInsecure: true }
  for (const address of ['127.0.0.1', '127.255.255.255', '::1', '1.1.1.1'])
    t.ok(isPermittedAddress(address, policy), address)
  const specials = SPECIAL_RANGES.filter(([name]) => !name.startsWith('loopback')).map(([, first]) => first)
  for (const address of specials) t.notOk(isPermittedAddress(address, policy), address)
  t.end()
})

t.test('what is not an address in the text form of a resolver is refused', (t) => {
  const texts = ['', 'localhost', '2130706433', '0x7f000001', '127.1', '0177.0.0.1', '1.1.1', '1.1.1.1.1', '1.1.1.256']
  for (const text of [...texts, '1.1.1.1/32', '[2606::1]', '2606:::1', ' 1.1.1.1', 'fe80::1%eth0']) {
    t.equal(isPermittedAddress(text, {}), false, JSON.stringify(text))
  }
  t.end()
})

t.test('every spelling of 127.0.0.1 in a URL is seen as that address', (t) => {
  const spellings = [
    '2130706433',
    '0x7f000001',
    '0x7F.1',
    '0177.0.0.1',
    '017700000001',
    '127.1',
    '127.0.1',
    '127.0.0.1.',
  ]
  for (const spelling of [...spellings, '%31%32%37.0.0.1', '１２７.0.0.1', '127。0。0。1', '①②⑦.0.0.1']) {
    t.equal(literalAddress(new URL(`https://${spelling}/`)), '127.0.0.1', spelling)
  }
  t.equal(literalAddress(new URL('https://[0:0:0:0:0:0:0:1]/')), '::1')
  t.equal(literalAddress(new URL('https://[::ffff:127.0.0.1]/')), '::ffff:7f00:1')
  t.equal(literalAddress(new URL('https://manga.example.com/')), undefined, 'a name is none')
  t.end()
})
