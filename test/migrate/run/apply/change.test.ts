/** What one change of a plan does to its object, and what is noted down of it. */
import fc from 'fast-check';
import { ApiError } from '../../../../src/io/kube/error.ts';
import { managerOf } from '../../../../src/migrate/ownership.ts';
import { objectRef, refKey } from '../../../../src/migrate/ref.ts';
import {
  execute,
  type Execution,
  failed,
  kindFor,
  named,
  type Outcome,
} from '../../../../src/migrate/run/apply/change.ts';
import { type Change, refOf, type StepName } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { rounds } from '../../../rounds.ts';
import { make } from '../../snapshots.ts';
import { Memory } from './memory.ts';

type Fields = Readonly<Record<string, unknown>>;

const eip = (egressIPs: readonly string[], metadata: Fields = {}): KubeObject =>
  make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'egressip-shop', ...metadata }, { spec: { egressIPs } });
const by = (manager: string) => ({ managedFields: [{ manager, fieldsV1: { 'f:spec': { 'f:egressIPs': {} } } }] });
const ours = by(managerOf({ id: 'mine' }));
const [red, blue] = [['192.168.7.101'], ['192.168.7.102']];
const applying = (object: KubeObject, step: StepName = 'egress-ips'): Change => ({
  action: 'apply',
  step,
  object,
  from: [],
});
const deleting = (object: KubeObject, step: StepName = 'finalize'): Change => ({
  action: 'delete',
  step,
  object: objectRef(object),
  from: [],
});
const clearing = (object: KubeObject, patch: Fields): Change => ({
  action: 'clear',
  step: 'finalize',
  object: objectRef(object),
  patch,
});
const create = applying(eip(red));
const label = applying(make.any('v1', 'Node', { name: 'n1', labels: { a: 'b' } }, {}), 'label-nodes');
const node = make.node('n1', '192.168.7.11', { labels: { z: 'y' } });
const shop = make.netNamespace('shop', 10, { egressIPs: red });
const clear = clearing(shop, { egressIPs: null });

/** What the change did, as `created`, or why it failed. */
async function does(memory: Memory, change: Change, more: Partial<Execution> = {}, part?: KubeObject): Promise<string> {
  const outcome: Outcome = await execute(change, memory.execution(more), part);
  expect(outcome.object).toEqual(refOf(change));
  return outcome.kind === 'failed' ? outcome.reason : outcome.kind;
}

const ipsIn = (memory: Memory): unknown => memory.dump()['EgressIP egressip-shop'];

describe('applying an object', () => {
  it('creates it, and notes down that nobody had it, and what it became', async () => {
    const memory = new Memory();
    expect([await does(memory, create), ipsIn(memory)]).toEqual(['created', { spec: { egressIPs: red } }]);
    const about = { step: 'egress-ips', action: 'apply', object: refKey(refOf(create)) };
    expect(memory.entries).toEqual([
      { event: 'begin', ...about, existed: false },
      { event: 'done', ...about, wrote: true, uid: 'u1', resourceVersion: '1' },
    ]);
  });

  it("leaves another's as it is unless it is forced", async () => {
    const memory = new Memory([eip(blue, by('kubectl'))]);
    expect(await does(memory, create)).toBe('EgressIP egressip-shop: others own its fields');
    expect(ipsIn(memory)).toEqual({ spec: { egressIPs: blue } });
    expect(memory.entries.map(({ event, existed }) => [event, existed])).toEqual([['begin', true]]);
    expect([await does(memory, create, { force: true }), ipsIn(memory)]).toEqual([
      'changed',
      { spec: { egressIPs: red } },
    ]);
    expect(memory.entries.filter(({ event }) => event === 'begin')).toHaveLength(1);
  });

  it('notes down that it existed only if it was not ours', async () => {
    const memory = new Memory([eip(blue, ours)]);
    expect(await does(memory, create)).toBe('changed');
    expect(memory.entries[0]).toMatchObject({ event: 'begin', existed: false });
  });

  it('writes nothing if it is ours and as it should be', async () => {
    const memory = new Memory([eip(red, ours)]);
    expect(await does(memory, create)).toBe('nothing');
    expect(memory.entries.at(-1)).toMatchObject({ event: 'done', wrote: false, uid: 'u1', resourceVersion: '1' });
  });

  it('makes it ours if it is as it should be by other hands', async () => {
    expect(await does(new Memory([eip(red, by('kubectl'))]), create)).toBe('changed');
  });

  it('is nothing if the server changed nothing, except when it was only asked', async () => {
    const memory = new Memory([eip(blue, ours)]);
    memory.ignored.add('egressip-shop');
    expect(await does(memory, create, { journal: undefined })).toBe('changed');
    expect(await does(memory, create)).toBe('nothing');
  });

  it('makes it also if it was deleted since it was seen', async () => {
    const memory = new Memory([eip(blue, ours)]);
    const before = memory.execution();
    memory.objects.clear();
    expect((await execute(create, before)).kind).toBe('changed');
    expect(ipsIn(memory)).toEqual({ spec: { egressIPs: red } });
  });

  it('of which only a part is to be made notes down the beginning alone', async () => {
    const memory = new Memory();
    expect(await does(memory, create, {}, eip([]))).toBe('created');
    expect([ipsIn(memory), memory.entries.map(({ event }) => event)]).toEqual([{ spec: { egressIPs: [] } }, ['begin']]);
  });

  it('only asks without a journal', async () => {
    const memory = new Memory();
    expect([await does(memory, create, { journal: undefined }), memory.dump()]).toEqual(['created', {}]);
  });
});

describe('labels of a Node', () => {
  it('are added to those of others', async () => {
    const memory = new Memory([node]);
    expect(await does(memory, label)).toBe('changed');
    expect(memory.dump()['Node n1']).toMatchObject({ labels: { a: 'b', z: 'y' } });
    expect(await does(memory, label)).toBe('nothing');
  });

  it('never make a Node', async () => {
    const memory = new Memory();
    expect(await does(memory, label)).toBe('Node n1: there is no such object');
    expect([memory.dump(), memory.entries]).toEqual([{}, []]);
  });

  it('are not for a Node that was registered again meanwhile', async () => {
    const memory = new Memory([node]);
    const before = memory.execution();
    memory.objects.clear();
    expect((await execute(label, before)).kind).toBe('failed');
    expect(memory.dump()).toEqual({});
  });

  it('are set again when it is registered again later', async () => {
    const memory = new Memory([node]);
    await does(memory, label);
    memory.objects.clear();
    expect(await does(memory, label)).toBe('nothing');
    for (const [key, object] of new Memory([node, shop]).objects)
      memory.objects.set(key, { ...object, metadata: { ...object.metadata, uid: 'again' } });
    expect(await does(memory, label)).toBe('changed');
  });

  it('are given up if there are none, and only if we had any', async () => {
    const none = applying(make.any('v1', 'Node', { name: 'n1' }, {}), 'label-nodes');
    expect(await does(new Memory([node]), none)).toBe('nothing');
    expect(await does(new Memory([make.node('n1', '192.168.7.11', ours)]), none)).toBe('changed');
  });
});

describe('what was done', () => {
  const policy = make.any('k8s.ovn.org/v1', 'EgressFirewall', { name: 'default', namespace: 'shop' }, { spec: {} });
  const firewall = applying(policy, 'egress-firewalls');

  it('is not done again while it is there, whatever it says', async () => {
    const memory = new Memory();
    await does(memory, create);
    memory.objects.set(refKey(refOf(create)), eip(blue, ours));
    expect([await does(memory, create), ipsIn(memory)]).toEqual(['nothing', { spec: { egressIPs: blue } }]);
  });

  it('is done again if it was deleted, until finalize', async () => {
    const memory = new Memory();
    await does(memory, create);
    memory.objects.clear();
    expect(await does(memory, create)).toBe('created');
    memory.objects.clear();
    memory.entries.push({ event: 'begin', step: 'finalize', object: 'x' });
    expect(await does(memory, create)).toBe('nothing');
  });

  it('is not done again if its namespace went with it', async () => {
    const memory = new Memory([make.namespace('shop')]);
    await does(memory, firewall);
    memory.objects.delete(refKey(objectRef(policy)));
    expect(await does(memory, firewall)).toBe('created');
    memory.objects.clear();
    expect(await does(memory, firewall)).toBe('nothing');
  });

  it('is not done again if it is of OpenShift SDN, or was a deletion', async () => {
    const memory = new Memory([eip(red)]);
    const restore = applying(shop, 'restore');
    await does(memory, restore);
    await does(memory, deleting(eip(red)));
    memory.objects.clear();
    expect(await does(memory, restore)).toBe('nothing');
    expect(await does(memory, deleting(eip(red)))).toBe('nothing');
  });
});

describe('deleting an object', () => {
  const held = (metadata: Fields = {}): KubeObject => eip(red, { finalizers: ['cloud/x', 'y'], ...metadata });

  it('removes it, whoever made it', async () => {
    const memory = new Memory([eip(red)]);
    expect([await does(memory, deleting(eip(red))), memory.dump()]).toEqual(['deleted', {}]);
    expect(memory.noted()).toEqual(['begin finalize delete egressip-shop', 'done finalize delete egressip-shop']);
    expect(await does(new Memory(), deleting(eip(red)))).toBe('nothing');
  });

  it('that an earlier version of the plan made leaves one that somebody made again', async () => {
    const [theirs, mine] = [new Memory([eip(red, by('kubectl'))]), new Memory([eip(red, ours)])];
    expect(await does(theirs, deleting(eip(red), 'egress-ips'))).toBe('nothing');
    expect(await does(mine, deleting(eip(red), 'egress-ips'))).toBe('deleted');
    expect([Object.keys(theirs.dump()), mine.dump()]).toEqual([['EgressIP egressip-shop'], {}]);
  });

  it('is only for the version that was seen', async () => {
    const memory = new Memory([eip(red)]);
    const before = memory.execution();
    await does(memory, applying(eip(blue)));
    expect(await execute(deleting(eip(red)), before)).toMatchObject({ kind: 'failed' });
    expect(ipsIn(memory)).toEqual({ spec: { egressIPs: blue } });
  });

  it('only asks without a journal, and does not wait', async () => {
    const memory = new Memory([held()]);
    expect(await does(memory, deleting(held()), { journal: undefined })).toBe('deleted');
    expect(Object.keys(memory.dump())).toHaveLength(1);
  });

  it('waits for finalizers, and names them when the time is out', async () => {
    const memory = new Memory([held()]);
    expect(await does(memory, deleting(held()))).toBe(
      'EgressIP egressip-shop: it is being deleted and still there; it waits for finalizer cloud/x, y. Run again to go on waiting',
    );
    expect(memory.entries.map(({ event }) => event)).toEqual(['begin']);
  });

  it('names the cloud that has not released an address', async () => {
    const address = make.any(
      'cloud.network.openshift.io/v1',
      'CloudPrivateIPConfig',
      { name: 'x', finalizers: ['f'] },
      {},
    );
    const change = deleting(address, 'release-cloud-addresses');
    expect(await does(new Memory([address]), change)).toContain('the cloud has not released the address');
  });

  it('goes on waiting for what is being deleted without deleting it again', async () => {
    const memory = new Memory([held({ deletionTimestamp: '2026-01-01T00:00:00Z' })]);
    memory.refused.set('egressip-shop', new ApiError(409, { message: 'not again' }));
    expect(await does(memory, deleting(held()))).toContain('still there');
  });

  it.each<readonly [string, (memory: Memory) => void]>([
    ['is gone', (memory) => memory.objects.clear()],
    ['was made again', (memory) => memory.objects.set(refKey(objectRef(held())), held({ uid: 'again' }))],
  ])('ends when it %s', async (_what, happens) => {
    const memory = new Memory([held()]);
    const running = does(memory, deleting(held()), { timeout: 5_000 });
    setTimeout(() => happens(memory), 20);
    expect(await running).toBe('deleted');
  });

  it('ends when it is stopped', async () => {
    const memory = new Memory([held()]);
    const signal = AbortSignal.abort();
    expect(await does(memory, deleting(held()), { timeout: 60_000, signal })).toContain('still there');
  });
});

describe('clearing fields', () => {
  it('removes them and no others', async () => {
    const memory = new Memory([shop]);
    expect(await does(memory, clear)).toBe('changed');
    expect(memory.dump()['NetNamespace shop']).toEqual({ netname: 'shop', netid: 10 });
    expect(memory.entries.at(-1)).toMatchObject({ event: 'done', wrote: true, resourceVersion: '2' });
  });

  it('is nothing if they or the object are not there', async () => {
    expect(await does(new Memory(), clear)).toBe('nothing');
    const memory = new Memory([make.netNamespace('shop', 10)]);
    expect(await does(memory, clear)).toBe('nothing');
    expect(memory.entries.at(-1)).toMatchObject({ event: 'done', wrote: false });
  });

  it('only asks without a journal', async () => {
    const memory = new Memory([shop]);
    const before = memory.dump();
    expect([await does(memory, clear, { journal: undefined }), memory.dump()]).toEqual(['changed', before]);
  });

  it('is only for the version that was seen, but for our own fields of a Node', async () => {
    const annotations = { mine: 'x', other: 'y' };
    const annotated = make.node('n1', '192.168.7.11', { annotations });
    const memory = new Memory([shop, annotated]);
    const before = memory.execution();
    for (const [key, object] of memory.objects)
      memory.objects.set(key, { ...object, metadata: { ...object.metadata, resourceVersion: '99' } });
    const patch = { metadata: { annotations: { mine: null } } };
    expect((await execute(clearing(shop, { ...patch, egressIPs: null }), before)).kind).toBe('failed');
    expect((await execute(clearing(annotated, patch), before)).kind).toBe('changed');
    expect(memory.dump()).toMatchObject({ 'NetNamespace shop': { egressIPs: red } });
    expect(memory.dump()['Node n1']).toMatchObject({ annotations: { other: 'y' } });
  });
});

describe('a kind that is not served', () => {
  it('has nothing to clear or delete, and cannot be applied', async () => {
    const memory = new Memory();
    const run = (change: Change) => execute(change, memory.execution({}, ['network.openshift.io/v1/NetNamespace']));
    expect((await run(clear)).kind).toBe('nothing');
    expect((await run(deleting(shop, 'restore'))).kind).toBe('nothing');
    expect(memory.entries.map(({ event, wrote }) => [event, wrote])).toEqual([
      ['done', false],
      ['done', false],
    ]);
    expect(await run(applying(shop))).toMatchObject({
      reason: 'NetNamespace shop: the API server has no kind NetNamespace',
    });
  });
});

test('a missing right ends the run and is named by what was refused', async () => {
  const refuse = (name: string, verb: string): Memory => {
    const memory = new Memory([eip(red), shop]);
    memory.refused.set(name, new ApiError(403, { message: `User "x" cannot ${verb} resource "y"` }));
    return memory;
  };
  const cases = [
    [create, 'egressip-shop', 'create', 'egressips.k8s.ovn.org'],
    [deleting(eip(red)), 'egressip-shop', 'delete', 'egressips.k8s.ovn.org'],
    [clear, 'shop', 'patch', 'netnamespaces.network.openshift.io'],
  ] as const;
  for (const [change, name, verb, kind] of cases)
    await expect(does(refuse(name, verb), change)).rejects.toThrow(`missing right: ${verb} ${kind} (User "x"`);
});

test('objects are named in requests and failures, and only kinds of plans are touched', () => {
  const ref = { apiVersion: 'k8s.ovn.org/v1', kind: 'EgressFirewall', namespace: 'shop', name: 'default' };
  expect(named(ref)).toEqual({ name: 'default', namespace: 'shop' });
  expect(named(objectRef(node))).toEqual({ name: 'n1' });
  expect(failed(ref, 'why')).toEqual({ kind: 'failed', object: ref, reason: 'EgressFirewall shop/default: why' });
  expect(kindFor(ref).plural).toBe('egressfirewalls');
  expect(() => kindFor({ ...ref, apiVersion: 'v1' })).toThrow('is of no kind that a plan may touch');
});

test('a change that was made leaves nothing to do, with its journal or without', async () => {
  const states: readonly (readonly KubeObject[])[] = [
    [],
    [eip(red), shop, node],
    [eip(blue, by('kubectl')), make.netNamespace('shop', 10), node],
    [eip(red, ours), make.netNamespace('shop', 10, { egressIPs: blue }), node],
  ];
  const changes = [create, label, clear, deleting(eip(red)), deleting(eip(red), 'egress-ips')];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...states),
      fc.constantFrom(...changes),
      fc.boolean(),
      async (objects, change, keeps) => {
        const memory = new Memory(objects);
        const first = await does(memory, change, { force: true });
        const [then, noted] = [memory.dump(), memory.noted().length];
        if (!keeps) memory.entries.length = 0;
        const second = await does(memory, change, { force: true });
        expect(second).toBe(first === 'Node n1: there is no such object' ? first : 'nothing');
        expect(memory.dump()).toEqual(then);
        if (keeps && second === 'nothing') expect(memory.noted()).toHaveLength(noted);
      },
    ),
    { numRuns: rounds(500) },
  );
});
