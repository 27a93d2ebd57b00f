import { movesOf } from '../../src/facade/plan/egressip.ts';
import type { Wish } from '../../src/facade/plan/wish.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';

const ip = '192.168.7.201';
const long = `worker.${'a'.repeat(60)}`;

function moves(wanted: string): readonly string[] {
  const spec = { egressIPs: [ip], namespaceSelector: { matchLabels: {} } };
  const live: KubeObject & { readonly status: object } = {
    metadata: { name: 'egressip-red' },
    status: { items: [{ egressIP: ip, node: 'other' }] },
  };
  const wish: Wish = {
    ...{ vnid: 7 as Wish['vnid'], isAsking: true, closedRules: [], namespaces: new Map() },
    egressIP: { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', metadata: { name: 'egressip-red' }, spec },
    pinned: new Map([[ip, wanted]]),
  };
  return movesOf(live, wish, { believesStatus: true, isAble: () => true, later: new Set<string>() });
}

test('an address moves to the node that an admin wants now, but not for ever to one whose name no label can hold', () => {
  expect(moves('node0')).toEqual([ip]);
  expect(moves(long)).toEqual([]);
});
