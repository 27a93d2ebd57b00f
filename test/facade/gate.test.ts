/** Which nodes may lack their label for the moment, so that OVN-Kubernetes chooses one. */
import { gateFor, loadsOf } from '../../src/facade/plan/gate.ts';
import type { NodeObject } from '../../src/model/objects/raw.ts';

const label = 'k8s.ovn.org/egress-assignable';
const node = (
  name: string,
  options: { readonly by?: 'us' | 'admin' | 'nobody'; readonly ready?: 'True' | 'False' } = {},
): NodeObject => {
  const { by = 'us', ready = 'True' } = options;
  const object: NodeObject = {
    metadata: {
      name,
      labels: by === 'nobody' ? {} : { [label]: '' },
      annotations: {
        'k8s.ovn.org/node-subnets': '{}',
        'k8s.ovn.org/host-cidrs': '[]',
        'k8s.ovn.org/node-primary-ifaddr': '{}',
        ...(by === 'us' ? { 'facade.sdn-compat.io/labeled': 'true' } : {}),
      },
    },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  };
  return object;
};
const three = [node('a'), node('b'), node('c')];
const impossible = { kind: 'impossible' };

test('empty nodes lack it; any number goes to the node then', () => {
  expect(gateFor('a', three, new Map())).toEqual({ kind: 'open', off: ['b', 'c'], room: Infinity });
  expect(gateFor('a', three, new Map([['a', 5]]))).toEqual({ kind: 'open', off: ['b', 'c'], room: Infinity });
});

test('a node that has addresses keeps it: only as many go to the node as it has fewer', () => {
  expect(gateFor('a', three, new Map([['b', 3]]))).toEqual({ kind: 'open', off: ['c'], room: 3 });
  expect(
    gateFor(
      'a',
      three,
      new Map([
        ['a', 2],
        ['b', 3],
        ['c', 9],
      ]),
    ),
  ).toEqual({ kind: 'open', off: [], room: 1 });
  expect(
    gateFor(
      'a',
      three,
      new Map([
        ['a', 3],
        ['b', 3],
      ]),
    ),
  ).toEqual(impossible);
});

test('an admin’s label is not taken, one that is not there is not missed, and a node that is not able gets nothing', () => {
  expect(gateFor('a', [node('a'), node('b', { by: 'admin' })], new Map())).toEqual(impossible);
  expect(gateFor('a', [node('a'), node('b', { by: 'nobody' })], new Map())).toMatchObject({ off: [] });
  expect(gateFor('a', [node('a', { ready: 'False' }), node('b')], new Map())).toEqual(impossible);
  expect(gateFor('a', [node('a', { by: 'nobody' }), node('b')], new Map())).toEqual(impossible);
  expect(gateFor('z', three, new Map())).toEqual(impossible);
});

test('addresses of everybody count', () => {
  const object = (node: string, egressIP: string): object => ({
    metadata: {},
    status: { items: [{ node, egressIP }] },
  });
  const all = [object('a', '10.0.0.1'), object('a', '10.0.0.2'), object('b', '10.0.0.3')];
  expect(loadsOf(all as Parameters<typeof loadsOf>[0])).toEqual(
    new Map([
      ['a', 2],
      ['b', 1],
    ]),
  );
});
