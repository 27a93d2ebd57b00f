/** Limits of bandwidth. Which quantities there are is tried with the protocol. */
import fc from 'fast-check';
import { filterArguments, limitSending, parseBandwidth } from '../../../src/node/cni/bandwidth.ts';

it('reads both limits', () => {
  const both = { 'kubernetes.io/ingress-bandwidth': '10M', 'kubernetes.io/egress-bandwidth': '1Gi', other: 'x' };
  expect(parseBandwidth(both)).toEqual({ ok: true, value: { ingress: 10e6, egress: 2 ** 30 } });
  expect(parseBandwidth({})).toEqual({ ok: true, value: { ingress: undefined, egress: undefined } });
});

it('asks tc for nothing that has no room in 32 bits', () => {
  const args = filterArguments('eth0', 1e15);
  const [burst, rate] = ['burst', 'rate'].map((name) => Number.parseInt(args[args.indexOf(name) + 1] ?? '', 10));
  expect(Number(burst) + (Number(rate) / 8) * 0.025).toBeLessThan(2 ** 32);
});

it('lets a burst of 20 ms pass, and at least 32 KiB', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 400e9 }), (rate) => {
      const args = filterArguments('eth0', rate);
      const burst = Number(args[args.indexOf('burst') + 1]?.replace('b', ''));
      expect(burst).toBeGreaterThanOrEqual(32 * 1024);
      expect(burst * 8).toBeGreaterThanOrEqual(rate * 0.02);
      if (burst > 32 * 1024) expect((burst - 1) * 8).toBeLessThan(rate * 0.02);
      expect(args[args.indexOf('rate') + 1]).toBe(`${rate}bit`);
    }),
  );
});

it('limits what a pod sends within its network namespace, and runs nothing without a limit', async () => {
  const ran: string[] = [];
  const run = (program: string, args: readonly string[]) => {
    ran.push([program, ...args].join(' '));
    return Promise.resolve({ status: 0, stdout: '', stderr: '' });
  };
  await limitSending(run, undefined, { netns: '/run/netns/p', device: 'eth0' });
  expect(ran).toEqual([]);
  await limitSending(run, 1000, { netns: '/run/netns/p', device: 'eth0' });
  expect(ran).toEqual([
    'nsenter --net=/run/netns/p -- tc qdisc replace dev eth0 root tbf rate 1000bit burst 32768b latency 25ms',
  ]);
});
