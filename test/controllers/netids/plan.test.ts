import { namespaceUidAnnotation, namespaceUidOf } from '../../../src/controllers/netids/origin.ts';
import { type Known, netNamespaceOf, type Step, stepFor, vnidOf } from '../../../src/controllers/netids/plan.ts';
import { changeNetworkAnnotation } from '../../../src/controllers/netids/request.ts';
import { parseNetNamespace } from '../../../src/model/objects/netnamespace.ts';
import type { NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { rawNetNamespace, valid, vnid } from '../../model/parsed.ts';

const namespace = { metadata: { name: 'a' } };
const present = rawNetNamespace('a', 11);
const asking = (value: string): NetNamespaceObject => ({
  ...present,
  metadata: { name: 'a', annotations: { [changeNetworkAnnotation]: value } },
});

function ofNamespace(uid: string, object: NetNamespaceObject): NetNamespaceObject {
  return { ...object, metadata: { ...object.metadata, annotations: { [namespaceUidAnnotation]: uid } } };
}

function step(known: Partial<Known>): Step {
  const nothing = { namespace: undefined, present: undefined, isWritten: false, isGone: false, orphanedFor: 0 };
  return stepFor(
    { ...nothing, ...known },
    { isMultitenant: true, isShared: (one) => one === 11, vnidOf: (name) => (name === 'b' ? vnid(12) : undefined) },
  );
}

test('a Namespace gets a NetNamespace; one that was created is looked for, not created again', () => {
  expect(step({ namespace })).toEqual({ kind: 'create' });
  expect(step({ namespace, isWritten: true })).toEqual({ kind: 'find' });
  expect(step({ namespace, present })).toEqual({ kind: 'nothing' });
});

test('a NetNamespace goes with its Namespace at once; one whose Namespace was never seen is given ten seconds', () => {
  expect(step({ present, isGone: true })).toEqual({ kind: 'remove', present });
  expect(step({ present })).toEqual({ kind: 'wait', left: 10_000 });
  expect(step({ present, orphanedFor: 9_000 })).toEqual({ kind: 'wait', left: 1_000 });
  expect(step({ present, orphanedFor: 10_000 })).toEqual({ kind: 'remove', present });
  expect(step({ isGone: true, isWritten: true })).toEqual({ kind: 'forget' });
});

test('a NetNamespace that requests egress IPs waits for its Namespace without limit, unless it had one', () => {
  const requests: NetNamespaceObject = { ...present, egressIPs: ['192.168.7.231'] };
  expect(step({ present: requests, orphanedFor: 1e9 })).toEqual({ kind: 'await', present: requests, left: 3_600_000 });
  expect(step({ present: requests, isGone: true })).toEqual({ kind: 'remove', present: requests });
  const had = ofNamespace('n1', requests);
  expect(step({ present: had, orphanedFor: 1e9 })).toEqual({ kind: 'remove', present: had });
});

test('it remembers the Namespace that it is of; with another of that name the server is asked whose it is', () => {
  const named = { metadata: { name: 'a', uid: 'n1' } };
  expect(step({ namespace: named, present })).toEqual({ kind: 'record', present, uid: 'n1' });
  expect(step({ namespace: named, present: ofNamespace('n1', present) })).toEqual({ kind: 'nothing' });
  expect(step({ namespace: named, present: ofNamespace('n0', present) })).toEqual({ kind: 'inherited' });
});

test('what the annotation asks for is done or refused, and only while the Namespace is there', () => {
  const joins = asking('join:b');
  expect(step({ namespace, present: joins })).toEqual({
    kind: 'change',
    present: joins,
    asked: 'join:b',
    outcome: { kind: 'take', vnid: 12 },
  });
  expect(step({ namespace, present: asking('isolate') })).toMatchObject({ outcome: { kind: 'allocate' } });
  expect(step({ namespace, present: asking('join:c') })).toMatchObject({
    kind: 'refuse',
    asked: 'join:c',
    why: 'namespace c has no NetNamespace to join',
  });
  expect(step({ namespace, present: asking('') })).toMatchObject({ kind: 'refuse', asked: '' });
  expect(step({ present: joins, isGone: true })).toEqual({ kind: 'remove', present: joins });
});

test('a netid that is no VNID holds none, and a NetNamespace that is made reads back with its VNID', () => {
  expect([present, rawNetNamespace('a', -1), rawNetNamespace('a', 2 ** 24), undefined].map(vnidOf)).toEqual([
    11,
    undefined,
    undefined,
    undefined,
  ]);
  const made = netNamespaceOf({ metadata: { name: 'a', uid: 'n1' } }, vnid(12));
  expect(made).toMatchObject({ kind: 'NetNamespace', metadata: { name: 'a' }, netname: 'a' });
  expect(namespaceUidOf(made)).toBe('n1');
  expect(valid(parseNetNamespace(made))).toMatchObject({ name: 'a', vnid: 12, egressIPs: [] });
});
