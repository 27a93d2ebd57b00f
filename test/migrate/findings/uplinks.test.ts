import { clusterMTU, mtuConfigMapStale, mtuTooLarge, nodeRoutesLost } from '../../../src/migrate/findings/uplinks.ts';

describe('the MTU of pods', () => {
  it('falls by what Geneve needs more than VXLAN, to a number if it is known', () => {
    expect(clusterMTU({ mtu: 1450, vxlan: 50, geneve: 100 })).toMatchObject({
      severity: 'info',
      today: 'Pods have an MTU of 1450 bytes, 50 below that of the network between the nodes.',
      tomorrow: expect.stringMatching(/the MTU falls by 50 to 1400, unless/) as string,
      lost: { span: 'for-good' },
    });
    expect(clusterMTU({ mtu: undefined, vxlan: 50, geneve: 100 })).toMatchObject({
      today: 'Pods have an MTU 50 bytes below that of the network between the nodes.',
      tomorrow: expect.stringMatching(/the MTU falls by 50, unless/) as string,
    });
  });

  it.each([
    ['configured', 'blocker', '1500 bytes (spec.migration.mtu.machine.to).'],
    ['found', 'warning', '1500 bytes (ConfigMap openshift-network-operator/mtu).'],
    ['derived', 'warning', "1500 bytes, as far as OpenShift SDN's MTU of 1450 shows."],
  ] as const)('is too large by what is %s: a %s', (source, severity, end) => {
    const found = mtuTooLarge({ field: 'x', value: 1450, between: 1500, source, mtu: 1450, geneve: 100 });
    expect(found).toMatchObject({ severity, lost: { span: 'until-fixed' } });
    expect(found.today.endsWith(end)).toBe(true);
    expect(found.action).toMatch(/^Set x to 1400 or less/);
  });

  it('needs more than the ConfigMap says', () => {
    expect(mtuConfigMapStale({ found: 1400, mtu: 1450, vxlan: 50 }).today).toMatch(
      /1400 bytes; pods have 1450, which needs 1500/,
    );
  });
});

it('shows three routes, by which interface if they name one', () => {
  const routes = ['a', 'b', 'c', 'd'].map((destination) => ({ destination, via: destination === 'a' ? '' : 'eth1' }));
  expect(nodeRoutesLost({ name: 'p', routes }).today).toBe(
    "nmstate routes a by any interface, b by eth1, c by eth1 and 1 more on nodes, and pods' traffic follows.",
  );
});
