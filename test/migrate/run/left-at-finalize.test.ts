/** What finalize leaves because what was to take its place was left out. */
import { planOf } from '../../../src/migrate/plan/make.ts';
import { objectRef, refKey } from '../../../src/migrate/ref.ts';
import { leftAtFinalize, leftText } from '../../../src/migrate/run/left-at-finalize.ts';
import { toOVN } from '../../../src/migrate/targets/ovn/translate.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { make, options, snapshotOf } from '../snapshots.ts';

const cluster: readonly KubeObject[] = [
  make.node('n1', '192.168.7.11'),
  make.node('n2', '192.168.7.12'),
  make.node('n3', '192.168.7.13'),
  make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101'] }),
  make.hostSubnet('n2', '192.168.7.12', { egressIPs: ['192.168.7.102'] }),
  make.hostSubnet('n3', '192.168.7.13', { egressCIDRs: ['192.168.7.100/31'] }),
  make.namespace('shop'),
  make.namespace('bank'),
  make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
  make.netNamespace('bank', 11, { egressIPs: ['192.168.7.102'] }),
  make.policy('shop', 'rules', [['Deny', '203.0.113.0/24']]),
];
const snapshot = snapshotOf(cluster);
const translation = toOVN(snapshot, { ...options, keepPlacement: false, machineNetworks: ['192.168.7.0/24'] });
const plan = planOf({ tool: 'test', target: 'ovn', options: {}, strict: false, snapshot, translation });

const keptWithout = (...names: readonly string[]): readonly string[] => {
  const all = plan.steps
    .flatMap(({ changes }) => changes)
    .flatMap((one) => (one.action === 'apply' ? [one.object] : []));
  const skipped = all.map(objectRef).filter(({ kind, name }) => names.includes(`${kind} ${name}`));
  return [...leftAtFinalize(plan, { skipped: new Set(skipped.map(refKey)) }).values()].map(leftText);
};

test('nothing is left if nothing was left out', () => {
  expect(keptWithout()).toEqual([]);
});

test('an EgressIP: the request that it serves, and the HostSubnets that may host its address', () => {
  expect(keptWithout('EgressIP egressip-shop').toSorted()).toEqual([
    'HostSubnet n1 is left as it is: EgressIP egressip-shop was left out',
    'HostSubnet n3 is left as it is: EgressIP egressip-shop was left out',
    'NetNamespace shop is left as it is: EgressIP egressip-shop was left out',
  ]);
});

test('an EgressFirewall: the policy that it takes over', () => {
  expect(keptWithout('EgressFirewall default')).toEqual([
    'EgressNetworkPolicy shop/rules is left as it is: EgressFirewall shop/default was left out',
  ]);
});
