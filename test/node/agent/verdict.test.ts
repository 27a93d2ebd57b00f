/** When a node's verdict is written, and what another node's says. */
import { type NodeVerdict, verdictLease } from '../../../src/io/kube/verdict.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { carriedBy, VerdictLease } from '../../../src/node/agent/verdict.ts';
import { logged } from '../../logged.ts';
import { ip } from '../states.ts';

const timers = import.meta.jest;
const [first, second] = [ip('192.168.7.200'), ip('192.168.7.201')];

const later = (milliseconds: number): Promise<void> => timers.advanceTimersByTimeAsync(milliseconds);

beforeEach(() => void timers.useFakeTimers());
afterEach(() => void timers.useRealTimers());

function lease() {
  const written: string[] = [];
  const reasons: (string | undefined)[] = [];
  const state = { answer: (): Promise<unknown> => Promise.resolve({ metadata: {} }) };
  const stop = new AbortController();
  const verdict = new VerdictLease({
    client: {
      patch: async <T>(_kind: object, ref: { name: string; namespace?: string }, body: unknown): Promise<T> => {
        written.push(`${ref.namespace ?? ''}/${ref.name} ${JSON.stringify(body)}`);
        return (await state.answer()) as T;
      },
    },
    logger: logged().logger,
    namespace: 'agents',
    nodeName: 'n1',
    version: 'v1',
    now: () => Date.now(),
    report: (reason) => reasons.push(reason),
  });
  void verdict.run(stop.signal);
  const said = { carried: new Set<string>(), applied: 'a' };
  const say = async (more: Partial<NodeVerdict>, nodes = 100): Promise<void> => {
    verdict.publish({ ...said, refused: new Map(), ...more }, { nodeUid: 'uid', nodes });
    await later(0);
  };
  const refuse = (...refused: (typeof first)[]): Promise<void> =>
    say({ refused: new Map(refused.map((one) => [one, 'why'])) });
  return { say, refuse, written, reasons, state, stop };
}

test('it is written at start, even if nothing is refused, and then when it changes', async () => {
  const { refuse, written, reasons } = lease();
  await refuse();
  await refuse();
  await refuse(first, second);
  await refuse(second, first);
  await refuse();
  await later(3_600_000);
  expect(written.map((text) => /refused-egress-ips":"(.*?)","/.exec(text)?.[1])).toEqual([
    '{}',
    String.raw`{\"192.168.7.200\":\"why\",\"192.168.7.201\":\"why\"}`,
    '{}',
  ]);
  expect(written[0]).toMatch(/^agents\/sdn-compat-node-n1 .*"sdn-compat\/version":"v1","sdn-compat\/applied":"a"/);
  expect(written[0]).toContain('"renewTime":"20');
  expect(reasons).toEqual([undefined, undefined, undefined]);
});

test('what was applied is written within a time that grows with the cluster, and the last of it alone', async () => {
  const { say, written } = lease();
  const applied = (): readonly (string | undefined)[] =>
    written.map((text) => /"sdn-compat\/applied":"(.*?)"/.exec(text)?.[1]);
  await say({ applied: 'a' }, 5000);
  for (const one of ['b', 'c', 'd']) await say({ applied: one }, 5000);
  await later(50_000);
  const some = applied();
  expect(some.at(0)).toBe('a');
  expect(some.at(-1)).toBe('d');
  await later(3_600_000);
  expect(applied()).toEqual(some);
});

test('what this node refuses does not wait for that', async () => {
  const { say, written } = lease();
  await say({ applied: 'a' }, 1e9);
  await say({ applied: 'b' }, 1e9);
  expect(written).toHaveLength(1);
  await say({ applied: 'b', refused: new Map([[first, 'why']]) }, 1e9);
  expect(written).toHaveLength(2);
  expect(written[1]).toContain('"sdn-compat/applied":"b"');
});

test('one that was not written is written again after a while, and nothing is thrown', async () => {
  const { refuse, written, reasons, state } = lease();
  state.answer = () => Promise.reject(new Error('leases is forbidden'));
  await refuse(first);
  await refuse(first);
  await later(9999);
  expect([written.length, reasons]).toEqual([1, ['leases is forbidden']]);
  state.answer = () => Promise.resolve({});
  await later(1);
  expect([written.length, reasons]).toEqual([2, ['leases is forbidden', undefined]]);
});

test('a change while another one is written is written after it', async () => {
  const { refuse, written, state } = lease();
  let answer: (value: unknown) => void = () => undefined;
  state.answer = () => new Promise((resolve) => (answer = resolve));
  await refuse(first);
  await refuse(second);
  expect(written).toHaveLength(1);
  answer({});
  await later(0);
  expect(written).toHaveLength(2);
});

test('says nothing of a write that the end of the agent cut off', async () => {
  const { refuse, reasons, state, stop } = lease();
  state.answer = () => {
    stop.abort();
    return Promise.reject(new Error('aborted'));
  };
  await refuse(first);
  expect(reasons).toEqual([]);
});

test('an egress IP that is given up counts as carried for another minute, unless it is refused', async () => {
  const { say, written } = lease();
  const carry = (carried: (typeof first)[], ...refused: (typeof first)[]): Promise<void> =>
    say({ carried: new Set(carried), refused: new Map(refused.map((one) => [one, 'why'])) });
  const carried = (): string | undefined => /"sdn-compat\/egress-ips":"(\[.*?\])"/.exec(written.at(-1) ?? '')?.[1];
  await carry([first, second]);
  await later(59_000);
  await carry([second]);
  expect(carried()).toBe(String.raw`[\"${first}\",\"${second}\"]`);
  await later(1_000);
  await carry([second]);
  expect(carried()).toBe(String.raw`[\"${second}\"]`);
  await carry([], second);
  expect(carried()).toBe('[]');
});

describe('what another node says of an egress IP', () => {
  const saying = (answer: () => Promise<KubeObject | undefined>): Promise<(boolean | undefined)[]> => {
    const client = {
      get: async <T extends KubeObject>(_kind: object, { name }: { name: string }) => {
        expect(name).toBe('sdn-compat-node-n2');
        return (await answer()) as T | undefined;
      },
    };
    const reader = { client, namespace: 'agents', signal: new AbortController().signal };
    return Promise.all([first, second, ip('192.168.7.202')].map((one) => carriedBy(reader, 'n2', one)));
  };
  const said = (node: string): KubeObject =>
    verdictLease(
      { node, nodeUid: undefined, namespace: 'agents', version: 'v1' },
      { carried: new Set([first]), refused: new Map([[second, 'why']]), applied: undefined },
    );

  it('is that it carries it, refuses it, or nothing', async () => {
    expect(await saying(() => Promise.resolve(said('n2')))).toEqual([true, false, undefined]);
  });

  it('is nothing where its Lease is missing, unreadable or of another node', async () => {
    for (const answer of [
      () => Promise.resolve(undefined),
      () => Promise.reject(new Error('forbidden')),
      () => Promise.resolve(said('n3')),
    ])
      expect(await saying(answer)).toEqual([undefined, undefined, undefined]);
  });
});
