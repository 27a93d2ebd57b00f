/** `--keep-closed`: the EgressFirewalls of namespaces that OpenShift SDN drops. */
import { isMomentary, keepClosedPart } from '../../../../../src/migrate/targets/ovn/firewall/keep-closed.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { applying } from '../../../plan-with.ts';
import { contextFrom, make } from '../../../snapshots.ts';
import { downWorker, first, project, second, worker } from '../cluster-of.ts';

const dropped = [...downWorker(1, { egressIPs: [first] }), ...project('shop', 10, [first])];
const kept = (objects: readonly KubeObject[], keepClosed = true) =>
  keepClosedPart(contextFrom(objects, { keepClosed }));

test('a namespace that is dropped gets one, made from its request alone', () => {
  const { changes, findings } = kept(dropped);
  expect(findings).toEqual([]);
  expect(changes).toMatchObject([
    {
      action: 'apply',
      step: 'egress-firewalls',
      object: { kind: 'EgressFirewall', metadata: { name: 'default', namespace: 'shop' } },
      from: [{ kind: 'NetNamespace', name: 'shop' }],
    },
  ]);
  expect(changes.map(isMomentary)).toEqual([true]);
});

test('none without the option, and none for a namespace that leaves today', () => {
  expect(kept(dropped, false)).toEqual({ changes: [], findings: [] });
  expect(kept([...worker(1, { egressIPs: [second] }), ...project('bank', 11, [second])]).changes).toEqual([]);
});

test('another EgressFirewall of that name is a finding', () => {
  const theirs = make.any('k8s.ovn.org/v1', 'EgressFirewall', { name: 'default', namespace: 'shop' }, { spec: {} });
  expect(kept([...dropped, theirs]).findings.map(({ code, namespace }) => `${code} ${namespace ?? ''}`)).toEqual([
    'ObjectExists shop',
  ]);
});

test('of the moment is only a firewall that no policy is among the sources of', () => {
  const [change] = kept(dropped).changes;
  const policy = { apiVersion: 'network.openshift.io/v1', kind: 'EgressNetworkPolicy', namespace: 'shop', name: 'p' };
  expect(change?.action === 'apply' && isMomentary({ ...change, from: [...change.from, policy] })).toBe(false);
  const egressIP = make.any('k8s.ovn.org/v1', 'EgressIP', { name: 'e' }, { spec: {} });
  expect(isMomentary(applying(egressIP))).toBe(false);
});
