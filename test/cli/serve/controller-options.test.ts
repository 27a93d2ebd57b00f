import { Command } from 'commander';
import { addControllerOptions } from '../../../src/cli/serve/controller-options.ts';

const parsed = (...args: readonly string[]): object =>
  addControllerOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }))
    .parse([...args], { from: 'user' })
    .opts();

it('acts alone, probes every second and looks for a cloud by itself, unless it is told otherwise', () => {
  expect(parsed()).toEqual({
    probeInterval: 1000,
    cloud: 'auto',
    backend: 'sdn',
    closed: 'always',
    egressipPrefix: 'egressip',
    denyNodes: false,
    cleanup: false,
    leaderElect: false,
    leaseDuration: 15_000,
    renewDeadline: 10_000,
    retryPeriod: 2000,
    leaseNamespace: 'kube-system',
    agentsNamespace: 'kube-system',
    leaseName: 'sdn-compat-controller',
    statusAddress: '127.0.0.1:9106',
    statusInsecure: false,
  });
});

test.each<readonly [readonly string[], object]>([
  [['--probe-interval', '0'], { probeInterval: 0 }],
  [['--probe-interval', '100ms'], { probeInterval: 100 }],
  [
    ['--lease-duration', '300ms', '--renew-deadline', '200ms', '--retry-period', '50ms'],
    { leaseDuration: 300, renewDeadline: 200, retryPeriod: 50 },
  ],
  [['--cloud', 'never', '--leader-elect'], { cloud: 'never', leaderElect: true }],
])('takes %j', (args, expected) => {
  expect(parsed(...args)).toMatchObject(expected);
});

test.each([
  ['--probe-interval', '0s'],
  ['--probe-interval', '99ms'],
  ['--lease-duration', '299ms'],
  ['--renew-deadline', '199ms'],
  ['--retry-period', '49ms'],
  ['--cloud', 'aws'],
])('refuses %s %s', (...args) => {
  expect(() => parsed(...args)).toThrow();
});

it('has a variable for each option', () => {
  expect(
    addControllerOptions(new Command()).options.every(({ envVar }) => envVar?.startsWith('SDN_COMPAT_CONTROLLER_')),
  ).toBe(true);
});
