/** What the server itself does to objects, by kind. */
import { Registry } from '../../../../src/apiserver/kinds/registry.ts';
import type { StoredObject } from '../../../../src/apiserver/store/object.ts';
import {
  gracePeriod,
  nextGeneration,
  prepareCreate,
  prepareUpdate,
} from '../../../../src/apiserver/write/admission/strategy.ts';
import type { JsonObject } from '../../../../src/model/values/json.ts';
import { kindIn, storedThing, thing, thingCrd, thingKind } from '../../things.ts';

const registry = new Registry();
const [namespaces, nodes, pods] = [kindIn(registry, 'namespaces'), kindIn(registry, 'nodes'), kindIn(registry, 'pods')];
const crds = kindIn(registry, 'customresourcedefinitions', 'apiextensions.k8s.io');
const now = new Date('2026-01-01T00:00:00Z');

describe('a new object', () => {
  const sent = { ...thing('x', { size: 1 }), status: { ready: true } };

  it('of a kind with a status subresource begins without a status', () => {
    expect(prepareCreate(thingKind({ hasStatus: true }), sent, now)).toEqual(thing('x', { size: 1 }));
  });

  it('of a kind without one keeps what was sent', () => {
    expect(prepareCreate(thingKind(), sent, now)).toEqual(sent);
  });

  it('that is a Node keeps the status that its kubelet sent', () => {
    const node = { metadata: { name: 'n' }, status: { addresses: [] } };
    expect(prepareCreate(nodes, node, now)).toEqual(node);
  });

  it('that is a Namespace is active and has the label of its name', () => {
    const sentNamespace = { metadata: { name: 'ns', labels: { a: 'b', 'kubernetes.io/metadata.name': 'other' } } };
    expect(prepareCreate(namespaces, sentNamespace, now)).toEqual({
      metadata: { name: 'ns', labels: { a: 'b', 'kubernetes.io/metadata.name': 'ns' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  test.each<readonly [string, JsonObject, string]>([
    ['without requests', { containers: [{ name: 'a' }, { name: 'b', resources: {} }] }, 'BestEffort'],
    ['one of whose containers requests', { containers: [{}, { resources: { requests: { cpu: 1 } } }] }, 'Burstable'],
    ['without containers', {}, 'BestEffort'],
  ])('that is a Pod %s is pending, whatever it says', (_what, spec, qosClass) => {
    const pod = { metadata: { name: 'p' }, spec, status: { phase: 'Running' } };
    expect(prepareCreate(pods, pod, now)['status']).toEqual({ phase: 'Pending', qosClass });
  });

  it('that is a CRD is established at once', () => {
    expect(prepareCreate(crds, thingCrd(), now)['status']).toMatchObject({
      conditions: [
        { type: 'NamesAccepted', lastTransitionTime: '2026-01-01T00:00:00Z' },
        { type: 'Established', status: 'True' },
      ],
    });
  });

  it('of a kind from a CRD that is called Namespace is nothing special', () => {
    expect(prepareCreate(thingKind({ kind: 'Namespace' }), thing('x'), now)).toEqual(thing('x'));
  });
});

describe('a changed object', () => {
  const old = storedThing('x', { spec: { size: 1 }, status: { ready: true } });
  const changed: JsonObject = {
    ...old,
    metadata: { ...old.metadata, resourceVersion: '7', labels: { a: 'b' }, managedFields: [{ manager: 'm' }] },
    spec: { size: 2 },
    status: { ready: false },
  };
  const withStatus = thingKind({ hasStatus: true });

  it('has its old status', () => {
    expect(prepareUpdate(withStatus, old, changed, { status: false, now })).toEqual({
      ...changed,
      status: { ready: true },
    });
  });

  it('has none when it had none', () => {
    const bare = storedThing('x');
    expect(prepareUpdate(withStatus, bare, changed, { status: false, now })).not.toHaveProperty('status');
  });

  it('of a kind without a status subresource has the new status', () => {
    expect(prepareUpdate(thingKind(), old, changed, { status: false, now })).toEqual(changed);
  });

  it('by its status subresource has a new status, the version it is meant for and managers, and all else is as before', () => {
    expect(prepareUpdate(withStatus, old, changed, { status: true, now })).toEqual({
      ...old,
      metadata: { ...old.metadata, resourceVersion: '7', managedFields: [{ manager: 'm' }] },
      status: { ready: false },
    });
  });

  const namespace: StoredObject = {
    ...storedThing('ns'),
    kind: 'Namespace',
    apiVersion: 'v1',
    spec: { finalizers: ['kubernetes'] },
  };

  it('that is a Namespace keeps its spec', () => {
    const emptied = { ...namespace, spec: { finalizers: [] }, status: { phase: 'Terminating' } };
    expect(prepareUpdate(namespaces, namespace, emptied, { status: false, now })['spec']).toEqual({
      finalizers: ['kubernetes'],
    });
  });

  it('of a kind from a CRD that is called Namespace has its new spec', () => {
    const own = thingKind({ kind: 'Namespace' });
    expect(prepareUpdate(own, namespace, { ...namespace, spec: { a: 1 } }, { status: false, now })['spec']).toEqual({
      a: 1,
    });
  });

  it('that is a CRD is established again, with what it stores now', () => {
    const before: StoredObject = {
      ...storedThing('things.example.org'),
      ...prepareCreate(crds, thingCrd(), now),
      metadata: storedThing('things.example.org').metadata,
    };
    const next = prepareUpdate(
      crds,
      before,
      { ...before, ...thingCrd({ scope: 'Namespaced' }) },
      { status: false, now },
    );
    expect(next['status']).toEqual(before['status']);
    expect(next['spec']).toMatchObject({ scope: 'Namespaced', conversion: { strategy: 'None' } });
  });
});

describe('the generation', () => {
  const old = storedThing('x', { spec: { size: 1 }, status: { ready: true } }, { generation: 4 });
  const after = (change: JsonObject, hasStatus = true): number | undefined =>
    nextGeneration(thingKind({ hasStatus }), old, { ...old, ...change });

  it('counts changes of what is wanted', () => {
    expect(after({ spec: { size: 2 } })).toBe(5);
    expect(after({ spec: { size: 1 } })).toBe(4);
  });

  it('does not count changes of metadata, nor of a status that is a subresource', () => {
    expect(after({ metadata: { ...old.metadata, labels: { a: 'b' } } })).toBe(4);
    expect(after({ status: { ready: false } })).toBe(4);
    expect(after({ status: { ready: false } }, false)).toBe(5);
  });

  it('is not kept for objects that have none', () => {
    expect(nextGeneration(thingKind(), storedThing('x'), thing('x', { size: 1 }))).toBeUndefined();
  });
});

describe('the grace period', () => {
  const pod = (spec: JsonObject, phase = 'Running'): StoredObject => storedThing('p', { spec, status: { phase } });

  test.each<readonly [string, StoredObject, number | undefined, number]>([
    ['a pod on a node', pod({ nodeName: 'n' }), undefined, 30],
    ['a pod with a time of its own', pod({ nodeName: 'n', terminationGracePeriodSeconds: 5 }), undefined, 5],
    ['a pod that asks for no time', pod({ nodeName: 'n', terminationGracePeriodSeconds: 0 }), undefined, 0],
    ['a pod, as asked', pod({ nodeName: 'n', terminationGracePeriodSeconds: 5 }), 1, 1],
    ['a pod, at once as asked', pod({ nodeName: 'n' }), 0, 0],
    ['a pod on no node', pod({}), 9, 0],
    ['a pod on a node without a name', pod({ nodeName: '' }), 9, 0],
    ['a pod that succeeded', pod({ nodeName: 'n' }, 'Succeeded'), 9, 0],
    ['a pod that failed', pod({ nodeName: 'n' }, 'Failed'), undefined, 0],
  ])('of %s', (_what, object, asked, seconds) => {
    expect(gracePeriod(pods, object, asked)).toBe(seconds);
  });

  it('of all else is none, whatever is asked', () => {
    const object = pod({ nodeName: 'n' });
    expect(gracePeriod(nodes, object, 9)).toBe(0);
    expect(gracePeriod(thingKind({ kind: 'Pod' }), object, 9)).toBe(0);
  });
});
