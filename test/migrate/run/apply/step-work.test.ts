/** The changes of one step: which are made, which fail, and what waits for these. */
import fc from 'fast-check';
import { ApiError } from '../../../../src/io/kube/error.ts';
import { objectRef, refKey } from '../../../../src/migrate/ref.ts';
import { StepWork } from '../../../../src/migrate/run/apply/step-work.ts';
import { contentOf } from '../../../../src/migrate/run/drift.ts';
import type { Change } from '../../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { rounds } from '../../../rounds.ts';
import { make } from '../../snapshots.ts';
import { Memory } from './memory.ts';

const ovn = 'k8s.ovn.org/v1';
const eip = (name: string, egressIPs: readonly string[]): KubeObject =>
  make.any(ovn, 'EgressIP', { name }, { spec: { egressIPs } });
const applying = (object: KubeObject, from: readonly KubeObject[] = []): Change => ({
  action: 'apply',
  step: 'egress-ips',
  object,
  from: from.map(objectRef),
});
const both = eip('egressip-shop', ['192.168.7.101', '192.168.7.102']);
const half = eip('egressip-shop', ['192.168.7.101']);
const create = applying(both, [make.netNamespace('shop', 10)]);
const other = applying(eip('egressip-mail', ['192.168.7.103']), [make.netNamespace('mail', 11)]);
const conflict = new ApiError(409, { message: 'it has changed' });

test('a change is made, noted down and counted', async () => {
  const memory = new Memory();
  const work = new StepWork(memory.execution(), []);
  expect(await work.make(create)).toBe(true);
  expect(memory.dump()).toEqual({ 'EgressIP egressip-shop': contentOf(both) });
  expect(memory.noted()).toEqual(['begin egress-ips apply egressip-shop', 'done egress-ips apply egressip-shop']);
  expect([work.writes, work.notes, work.reasons]).toEqual([1, ['EgressIP egressip-shop: would be created'], []]);
});

test('a change that was made whole is not made again', async () => {
  const memory = new Memory();
  const work = new StepWork(memory.execution(), []);
  await work.make(create);
  memory.objects.clear();
  expect([await work.make(create), await work.make(create, half), memory.dump()]).toEqual([true, true, {}]);
  expect(work.writes).toBe(1);
});

test('what is as it should be counts as made without a write', async () => {
  const memory = new Memory();
  await new StepWork(memory.execution(), []).make(create);
  memory.entries.length = 0;
  const work = new StepWork(memory.execution(), []);
  expect(await work.make(create)).toBe(true);
  expect([work.writes, work.notes]).toEqual([0, []]);
});

test('what the admin left out is not made, and has not failed', async () => {
  const memory = new Memory();
  memory.entries.push({ event: 'skip', object: refKey(objectRef(both)) });
  const work = new StepWork(memory.execution(), []);
  expect(await work.make(create)).toBe(false);
  expect([memory.dump(), work.failed.size, work.reasons]).toEqual([{}, 0, []]);
  expect(await work.make(other)).toBe(true);
});

test('a refused change has failed, is not tried again, and leaves the others alone', async () => {
  const memory = new Memory();
  memory.refused.set('egressip-shop', conflict);
  const work = new StepWork(memory.execution(), []);
  expect(await work.make(create)).toBe(false);
  memory.refused.clear();
  expect(await work.make(create)).toBe(false);
  expect(await work.make(other)).toBe(true);
  expect([...work.failed]).toEqual([[refKey(objectRef(both)), objectRef(both)]]);
  expect(work.reasons).toEqual(['EgressIP egressip-shop: it has changed']);
  expect([Object.keys(memory.dump()), work.writes]).toEqual([['EgressIP egressip-mail'], 1]);
});

test('a missing right ends everything, and is named', async () => {
  const memory = new Memory();
  memory.refused.set('egressip-shop', new ApiError(403, { message: 'User "x" cannot patch resource "egressips"' }));
  const work = new StepWork(memory.execution(), []);
  await expect(work.make(create)).rejects.toThrow('missing right: patch egressips.k8s.ovn.org');
});

test('what depends on a failure of an earlier step waits, and counts as failed', async () => {
  const memory = new Memory();
  const firewall = objectRef(make.any(ovn, 'EgressFirewall', { name: 'default', namespace: 'shop' }, {}));
  const work = new StepWork(memory.execution(), [firewall]);
  expect([await work.make(create), await work.make(other)]).toEqual([false, true]);
  expect(work.reasons).toEqual(['EgressIP egressip-shop: it waits for EgressFirewall shop/default']);
  expect([...work.failed.values()]).toEqual([objectRef(both)]);
  expect(memory.noted()).toEqual(['begin egress-ips apply egressip-mail', 'done egress-ips apply egressip-mail']);
});

describe('a part of an object', () => {
  it('is made and begun, and the whole is made later', async () => {
    const memory = new Memory();
    const work = new StepWork(memory.execution(), []);
    expect(await work.make(create, half)).toBe(true);
    expect(memory.dump()).toEqual({ 'EgressIP egressip-shop': contentOf(half) });
    expect(memory.noted()).toEqual(['begin egress-ips apply egressip-shop']);
    expect(await work.make(create)).toBe(true);
    expect(memory.dump()).toEqual({ 'EgressIP egressip-shop': contentOf(both) });
    expect(memory.noted().at(-1)).toBe('done egress-ips apply egressip-shop');
    expect(work.writes).toBe(2);
  });

  it('is the whole if it has everything', async () => {
    const memory = new Memory();
    await new StepWork(memory.execution(), []).make(create, eip('egressip-shop', ['192.168.7.101', '192.168.7.102']));
    expect(memory.noted().at(-1)).toBe('done egress-ips apply egressip-shop');
  });

  it('is nothing for a deletion', async () => {
    const memory = new Memory([both]);
    const gone: Change = { action: 'delete', step: 'finalize', object: objectRef(both), from: [] };
    expect(await new StepWork(memory.execution(), []).make(gone, half)).toBe(true);
    expect(memory.dump()).toEqual({});
    expect(memory.noted().at(-1)).toBe('done finalize delete egressip-shop');
  });
});

describe('a kind that the API server does not have', () => {
  const unserved = [`${ovn}/EgressIP`];

  it('is only told when the server is asked, as before the switch', async () => {
    const work = new StepWork(new Memory().execution({ journal: undefined }, unserved), []);
    expect(await work.make(create)).toBe(true);
    expect(work.notes).toEqual(['EgressIP egressip-shop: the API server has no such kind before the switch']);
    expect([work.writes, work.reasons]).toEqual([0, []]);
  });

  it('is a failure when something is to be written', async () => {
    const work = new StepWork(new Memory().execution({}, unserved), []);
    expect(await work.make(create)).toBe(false);
    expect(work.reasons).toEqual(['EgressIP egressip-shop: the API server has no kind EgressIP']);
  });
});

test('asking the server writes nothing, and says what would be', async () => {
  const memory = new Memory([eip('egressip-mail', [])]);
  const before = memory.dump();
  const work = new StepWork(memory.execution({ journal: undefined }), []);
  expect([await work.make(create), await work.make(other)]).toEqual([true, true]);
  expect(work.notes).toEqual(['EgressIP egressip-shop: would be created', 'EgressIP egressip-mail: would be changed']);
  expect([memory.dump(), memory.entries]).toEqual([before, []]);
});

test('whatever is refused, a step makes the rest, a second run the rest of that, and a third nothing', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'] as const;
  const changes = names.map((name, index) => applying(eip(name, [`192.168.7.${101 + index}`])));
  const run = async (memory: Memory): Promise<StepWork> => {
    const work = new StepWork(memory.execution(), []);
    for (const change of [...changes, ...changes]) await work.make(change);
    return work;
  };
  await fc.assert(
    fc.asyncProperty(fc.subarray([...names]), fc.subarray([...names]), async (there, refused) => {
      const memory = new Memory(there.map((name) => eip(name, [])));
      for (const name of refused) memory.refused.set(name, conflict);
      const first = await run(memory);
      expect([...first.failed.values()].map(({ name }) => name)).toEqual(refused);
      expect(first.writes).toBe(names.length - refused.length);
      memory.refused.clear();
      expect((await run(memory)).writes).toBe(refused.length);
      expect(Object.keys(memory.dump()).sort()).toEqual(names.map((name) => `EgressIP ${name}`));
      const third = await run(memory);
      expect([third.writes, third.failed.size]).toEqual([0, 0]);
    }),
    { numRuns: rounds(200) },
  );
});
