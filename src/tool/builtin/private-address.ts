import { BlockList, isIP, isIPv4 } from 'node:net';

/** What no name on the public internet stands for: IANA's registries of special-purpose addresses (RFC 6890 and its successors). */
const ipv4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** Those that carry an IPv4 address in themselves (NAT64, 6to4, Teredo) too: what is behind them cannot be told. */
const ipv6: readonly (readonly [string, number])[] = [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const special = new BlockList();
for (const [address, bits] of ipv4) special.addSubnet(address, bits, 'ipv4');
for (const [address, bits] of ipv6) special.addSubnet(address, bits, 'ipv6');

/** Whether an IP address belongs to this machine, a private network, or anything else that is not the public internet. */
export const isPrivateAddress = (address: string): boolean => {
  const bare = address.split('%')[0] ?? '';
  if (isIP(bare) === 0) return true;
  // Node compares an IPv4 address in the form of IPv6 (::ffff:127.0.0.1) with the IPv4 networks.
  return special.check(bare, isIPv4(bare) ? 'ipv4' : 'ipv6');
};
