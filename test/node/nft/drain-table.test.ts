import { drainTable } from '../../../src/node/nft/drain-table.ts';
import { expectGolden } from '../../golden.ts';
import { ip, nodeInput } from '../states.ts';

const { facts, networks, uplink } = nodeInput({});
const base = { ...facts, ...networks, uplink, finerRules: new Map() };
const moved = [
  { egressIP: ip('192.168.7.200'), owner: 0x2000004d, from: ip('192.168.7.12'), ports: 'low' as const },
  { egressIP: ip('192.168.7.201'), owner: 0x2000004e, from: ip('192.168.7.13'), ports: 'high' as const },
];

test('is the golden table', () => {
  expectGolden(
    'node/golden/drain-table.nft',
    `${drainTable(base, { moved, left: [ip('192.168.7.202')] })!.join('\n')}\n`,
  );
});

test('is not there when nothing drains', () => {
  expect(drainTable(base, { moved: [], left: [] })).toBeUndefined();
});
