import { egressNetworkPolicies, hostSubnets, netNamespaces } from '../../../../api/kinds.ts';
import { hasSDN, restoreStep, sortedNames } from '../../../../src/migrate/targets/sdn/steps.ts';
import { make, snapshotOf } from '../../snapshots.ts';

describe('an object of OpenShift SDN', () => {
  const snapshot = snapshotOf([make.netNamespace('shop', 10), make.hostSubnet('n1', '192.168.7.11')]);

  it('is written at once if it is there, and after SDN has made it if not', () => {
    expect(restoreStep(snapshot, netNamespaces, 'shop')).toBe('restore');
    expect(restoreStep(snapshot, netNamespaces, 'zoo')).toBe('restore-after');
    expect(restoreStep(snapshot, hostSubnets, 'n1')).toBe('restore');
    expect(restoreStep(snapshot, hostSubnets, 'shop')).toBe('restore-after');
    expect(restoreStep(snapshot, egressNetworkPolicies, 'shop')).toBe('restore-after');
  });

  it('shows that its kinds are served', () => {
    expect(hasSDN(snapshot)).toBe(true);
    expect(hasSDN(snapshotOf([make.netNamespace('shop', 10)]))).toBe(true);
    expect(hasSDN(snapshotOf([make.policy('shop', 'p', []), make.clusterNetwork()]))).toBe(false);
  });
});

it('names each once, in order', () => {
  expect(sortedNames(['b', 'a', 'b', 'B'])).toEqual(['B', 'a', 'b']);
});
