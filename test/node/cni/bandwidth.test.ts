/** Limits of bandwidth. Which quantities there are is tried with the protocol. */
import fc from 'fast-check';
import { filterArguments, limitSending, parseBandwidth, parseRate } from '../../../src/node/cni/bandwidth.ts';
import { value } from '../states.ts';

it('reads both limits', () => {
  const both = { 'kubernetes.io/ingress-bandwidth': '10M', 'kubernetes.io/egress-bandwidth': '1Gi', other: 'x' };
  expect(parseBandwidth(both)).toEqual({ ok: true, value: { ingress: 10e6, egress: 2 ** 30 } });
  expect(parseBandwidth({})).toEqual({ ok: true, value: { ingress: undefined, egress: undefined } });
});

it('reads every unit, each a thousand or 1024 times the one before', () => {
  const rates = (units: readonly string[]): number[] => units.map((unit) => value(parseRate(`1.5${unit}`)));
  expect(rates(['k', 'M', 'G', 'T'])).toEqual([1500, 1.5e6, 1.5e9, 1.5e12]);
  expect(rates(['Ki', 'Mi', 'Gi', 'Ti'])).toEqual([1536, 1.5 * 2 ** 20, 1.5 * 2 ** 30, 1.5 * 2 ** 40]);
  for (const wrong of ['1ki', '2Pi', '1K', '.M', '0.99k', '1P1', '1E', '-1M', '1e', '1e6M', '', 'e6', '1e16', '1 M'])
    expect([wrong, parseRate(wrong).ok]).toEqual([wrong, false]);
});

it.each([
  ['1e6', 1e6],
  ['1E6', 1e6],
  ['1e+6', 1e6],
  ['15e-1', undefined],
  ['2500000000e-3', 2.5e6],
  ['.5M', 500_000],
  ['1.M', 1e6],
  ['+2M', 2e6],
  ['1000000000m', 1e6],
  ['1000.5', 1001],
  ['0.001E', 1e15],
])('reads %s as Kubernetes does', (text, rate) => {
  expect(parseRate(text)).toEqual(
    rate === undefined ? expect.objectContaining({ ok: false }) : { ok: true, value: rate },
  );
});

it('reads decimal numbers without losing a digit', () => {
  const read = (texts: readonly string[]): string => texts.map((text) => value(parseRate(text))).join(' ');
  expect(read(['8.3M', '8.14M', '67081.6k', '16831.241G'])).toBe('8300000 8140000 67081600 16831241000000');
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 1e9 }), fc.integer({ min: 0, max: 9 }), (digits, point) => {
      const text = `${Math.floor(digits / 10 ** point)}.${String(digits % 10 ** point).padStart(point, '0')}G`;
      const exact = (BigInt(digits) * 10n ** 9n) / 10n ** BigInt(point);
      if (exact >= 1000n && exact <= 10n ** 15n) expect(value(parseRate(text))).toBe(Number(exact));
    }),
  );
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
