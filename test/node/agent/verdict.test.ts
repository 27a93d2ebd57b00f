/** When a node's verdict is written, and what another node's says. */
import { verdictLease } from '../../../src/io/kube/verdict.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { carriedBy, VerdictLease } from '../../../src/node/agent/verdict.ts';
import { ip } from '../states.ts';

const [first, second] = [ip('192.168.7.200'), ip('192.168.7.201')];

function lease() {
  const written: string[] = [];
  const reasons: (string | undefined)[] = [];
  const state = { now: 0, answer: (): Promise<unknown> => Promise.resolve({ metadata: {} }) };
  const stop = new AbortController();
  const verdict = new VerdictLease({
    client: {
      patch: async <T>(_kind: object, ref: { name: string; namespace?: string }, body: unknown): Promise<T> => {
        written.push(`${ref.namespace ?? ''}/${ref.name} ${JSON.stringify(body)}`);
        return (await state.answer()) as T;
      },
    },
    namespace: 'agents',
    nodeName: 'n1',
    signal: stop.signal,
    now: () => state.now,
    report: (reason) => reasons.push(reason),
  });
  const publish = (...refused: (typeof first)[]): Promise<void> =>
    verdict.publish({ carried: new Set(), refused: new Map(refused.map((one) => [one, 'why'])) }, 'uid');
  return { verdict, publish, written, reasons, state, stop };
}

test('it is written at start, even if nothing is refused, and then when it changes', async () => {
  const { publish, written, reasons } = lease();
  await publish();
  await publish();
  await publish(first, second);
  await publish(second, first);
  await publish();
  expect(written.map((text) => /refused-egress-ips":"(.*?)"},/.exec(text)?.[1])).toEqual([
    '{}',
    String.raw`{\"192.168.7.200\":\"why\",\"192.168.7.201\":\"why\"}`,
    '{}',
  ]);
  expect(written[0]).toMatch(/^agents\/sdn-compat-node-n1 /);
  expect(reasons).toEqual([undefined, undefined, undefined]);
});

test('one that was not written is written again after a while, and nothing is thrown', async () => {
  const { publish, written, reasons, state } = lease();
  state.answer = () => Promise.reject(new Error('leases is forbidden'));
  await publish(first);
  await publish(first);
  state.now = 9999;
  await publish(first);
  expect([written.length, reasons]).toEqual([1, ['leases is forbidden']]);
  state.answer = () => Promise.resolve({});
  state.now = 10_000;
  await publish(first);
  expect([written.length, reasons]).toEqual([2, ['leases is forbidden', undefined]]);
});

test('a change while another one is written waits for the next pass', async () => {
  const { publish, written, state } = lease();
  let answer: (value: unknown) => void = () => undefined;
  state.answer = () => new Promise((resolve) => (answer = resolve));
  const writing = publish(first);
  await publish(second);
  expect(written).toHaveLength(1);
  answer({});
  await writing;
  state.answer = () => Promise.resolve({});
  await publish(second);
  expect(written).toHaveLength(2);
});

test('says nothing of a write that the end of the agent cut off', async () => {
  const { publish, reasons, state, stop } = lease();
  state.answer = () => {
    stop.abort();
    return Promise.reject(new Error('aborted'));
  };
  await publish(first);
  expect(reasons).toEqual([]);
});

test('an egress IP that is given up counts as carried for another minute, unless it is refused', async () => {
  const { verdict, written, state } = lease();
  const say = (carried: (typeof first)[], ...refused: (typeof first)[]): Promise<void> =>
    verdict.publish({ carried: new Set(carried), refused: new Map(refused.map((one) => [one, 'why'])) }, undefined);
  const carried = (): string | undefined => /"sdn-compat\/egress-ips":"(\[.*?\])"/.exec(written.at(-1) ?? '')?.[1];
  await say([first, second]);
  state.now = 59_000;
  await say([second]);
  expect(carried()).toBe(String.raw`[\"${first}\",\"${second}\"]`);
  state.now = 60_000;
  await say([second]);
  expect(carried()).toBe(String.raw`[\"${second}\"]`);
  await say([], second);
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
      { node, nodeUid: undefined, namespace: 'agents' },
      { carried: new Set([first]), refused: new Map([[second, 'why']]) },
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
