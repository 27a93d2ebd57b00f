/** What of a packet the ports and blocks of a NetworkPolicy look at. */
import { blockMatch, portMatches } from '../../../src/node/plan/policy-matches.ts';
import { cidr } from '../states.ts';

test.each([
  ['0.0.0.0/0', { proto: 'ip' }],
  ['10.0.0.0/8', { proto: 'ip', nw_dst: '10.0.0.0/8' }],
  ['10.1.2.3/32', { proto: 'ip', nw_dst: '10.1.2.3' }],
])('the block %s matches %j', (text, match) => {
  expect(blockMatch('nw_dst', cidr(text))).toEqual(match);
});

test('a rule without ports matches everything; one with none of them nothing', () => {
  expect(portMatches(undefined, undefined)).toEqual([{}]);
  expect(portMatches([], undefined)).toEqual([]);
});

test('a port without a number is a protocol, and a range has masks and lets later fragments pass', () => {
  expect(portMatches([{ kind: 'any', protocol: 'udp' }], undefined)).toEqual([{ proto: 'udp' }]);
  expect(portMatches([{ kind: 'range', protocol: 'tcp', from: 80, to: 83 }], undefined)).toEqual([
    { proto: 'tcp', tp_dst: '0x50/0xfffc' },
    { proto: 'tcp', nw_frag: 'later' },
  ]);
  expect(portMatches([{ kind: 'range', protocol: 'tcp', from: 80, to: 80 }], undefined)[0]).toEqual({
    proto: 'tcp',
    tp_dst: '80',
  });
});

test('a named port is each port of the pod that listens with this name and protocol, and nothing without the pod', () => {
  const named = { kind: 'named', protocol: 'tcp', name: 'http' } as const;
  const ports = [
    { name: 'http', protocol: 'tcp', port: 8080 },
    { name: 'http', protocol: 'udp', port: 53 },
    { name: 'https', protocol: 'tcp', port: 8443 },
  ] as const;
  expect(portMatches([named], ports)).toEqual([
    { proto: 'tcp', tp_dst: '8080' },
    { proto: 'tcp', nw_frag: 'later' },
  ]);
  expect(portMatches([named], [])).toEqual([]);
  expect(portMatches([named], undefined)).toEqual([]);
});
