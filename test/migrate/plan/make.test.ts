import { makePlan } from '../../../src/migrate/plan/make.ts';
import { ovn } from '../../../src/migrate/targets/ovn/target.ts';
import { sdn } from '../../../src/migrate/targets/sdn/target.ts';
import { make, options, snapshotOf } from '../snapshots.ts';
import { first, project, worker } from '../targets/ovn/cluster-of.ts';

const request = { tool: 'test 1', target: ovn, options: { ...options }, strict: true };
const objects = [...worker(1, { egressIPs: [first] }), ...worker(2), ...project('shop', 10, [first])];

it('makes the plan of a target with what its report adds', () => {
  const made = makePlan(snapshotOf(objects), request);
  expect(made).toMatchObject({
    plan: { tool: 'test 1', target: 'ovn', strict: true, options: { prefix: 'egressip' } },
    assignedCount: [1],
    nodeAddresses: ['192.168.7.11', '192.168.7.12'],
  });
  expect(made.addresses?.ends.map(({ namespace }) => namespace)).toEqual(['shop']);
});

it('has each node address once', () => {
  const twice = [make.hostSubnet('a', '192.168.7.11'), make.hostSubnet('b', '192.168.7.11'), make.hostSubnet('c', '')];
  expect(makePlan(snapshotOf(twice), request).nodeAddresses).toEqual(['192.168.7.11']);
});

it('takes what a plan of ours made for not there, on the way to OVN-Kubernetes', () => {
  const labels = { 'app.kubernetes.io/managed-by': 'sdn-compat' };
  const ours = make.any(
    'k8s.ovn.org/v1',
    'EgressIP',
    { name: 'egressip-shop', labels },
    { spec: { egressIPs: ['10.0.0.1'] } },
  );
  const { plan } = makePlan(snapshotOf([...objects, ours]), request);
  expect(plan.findings.map(({ code }) => code)).not.toContain('ObjectExists');
  const theirs = { ...ours, metadata: { name: 'egressip-shop' } };
  expect(makePlan(snapshotOf([...objects, theirs]), request).plan.findings.map(({ code }) => code)).toContain(
    'ObjectExists',
  );
});

it('tells no prediction and no addresses of the way back', () => {
  const made = makePlan(snapshotOf(objects), { ...request, target: sdn });
  expect([made.assignedCount, made.addresses, made.plan.options]).toEqual([[], undefined, {}]);
});
