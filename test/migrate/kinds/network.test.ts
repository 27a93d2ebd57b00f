import {
  clusterVersionItem,
  conditionsOf,
  convertedFeatures,
  infrastructureItem,
  networkConfigItem,
  networkOperatorItem,
  pluginNameOf,
} from '../../../src/migrate/kinds/network.ts';
import { make } from '../snapshots.ts';

const operator = (spec: object, metadata: Readonly<Record<string, unknown>> = {}) =>
  networkOperatorItem(make.any('operator.openshift.io/v1', 'Network', { name: 'cluster', ...metadata }, { spec }));
const ovn = (ovnKubernetesConfig: object) => operator({ defaultNetwork: { ovnKubernetesConfig } });

describe('the network operator', () => {
  it('has what OVN-Kubernetes is configured with', () => {
    const found = ovn({
      mtu: 1400,
      genevePort: 6082,
      hybridOverlayConfig: {},
      gatewayConfig: { routingViaHost: true, ipv4: { internalMasqueradeSubnet: '169.254.0.0/17' } },
      ipv4: { internalJoinSubnet: '100.65.0.0/16', internalTransitSwitchSubnet: '100.89.0.0/16' },
      v4InternalSubnet: '100.66.0.0/16',
    });
    expect(found).toMatchObject({
      internal: { join: '100.65.0.0/16', transit: '100.89.0.0/16', masquerade: '169.254.0.0/17' },
      mtu: { ovn: 1400, migration: undefined, machine: undefined },
      genevePort: 6082,
      hasHybridOverlay: true,
      routingViaHost: true,
    });
  });

  it('has the join network by its older name only if the newer one is not set', () => {
    expect(ovn({ v4InternalSubnet: '100.66.0.0/16' }).internal.join).toBe('100.66.0.0/16');
    expect(ovn({}).internal.join).toBe('');
  });

  it('has nothing where nothing is set', () => {
    expect(operator({})).toMatchObject({
      internal: { join: '', transit: '', masquerade: '' },
      hasHybridOverlay: false,
      genevePort: undefined,
      routingViaHost: undefined,
      migration: undefined,
      migrationSince: undefined,
      sdnMode: '',
    });
  });

  it('has the mode of OpenShift SDN, and the MTU of a migration', () => {
    const spec = {
      defaultNetwork: { openshiftSDNConfig: { mode: 'Multitenant' } },
      migration: { mtu: { network: { to: 1400 }, machine: { to: 1500 } } },
    };
    expect(operator(spec)).toMatchObject({
      sdnMode: 'Multitenant',
      mtu: { migration: 1400, machine: 1500, ovn: undefined },
    });
  });

  it('converts every feature that is not set to false', () => {
    expect(operator({ migration: {} }).migration).toEqual({
      networkType: '',
      mode: '',
      hasMTU: false,
      converts: convertedFeatures,
    });
    const features = { egressIP: false, egressFirewall: true };
    expect(
      operator({ migration: { networkType: 'OVNKubernetes', mode: 'Live', mtu: {}, features } }).migration,
    ).toEqual({
      networkType: 'OVNKubernetes',
      mode: 'Live',
      hasMTU: true,
      converts: ['egressFirewall', 'multicast'],
    });
  });

  it('tells when its migration was asked for', () => {
    const fieldsV1 = { 'f:spec': { 'f:migration': { 'f:networkType': {} } } };
    const managedFields = [{ time: '2026-01-01T00:00:00Z', fieldsV1 }];
    expect(operator({}, { managedFields }).migrationSince).toBe(Date.parse('2026-01-01T00:00:00Z'));
  });
});

test('a ClusterNetwork names its plugin, or none', () => {
  const names = [{ pluginName: 'redhat/openshift-ovs-subnet' }, { pluginName: 7 }, {}];
  expect(names.map((fields) => pluginNameOf({ metadata: { name: 'default' }, ...fields }))).toEqual([
    'redhat/openshift-ovs-subnet',
    '',
    '',
  ]);
});

describe('the network configuration', () => {
  const config = (fields: Readonly<Record<string, unknown>>, metadata: Readonly<Record<string, unknown>> = {}) =>
    networkConfigItem(make.any('config.openshift.io/v1', 'Network', { name: 'cluster', ...metadata }, fields));

  it('has what is asked for, what runs, and what is being migrated to', () => {
    const found = config({
      spec: { networkType: 'OVNKubernetes' },
      status: {
        networkType: 'OpenShiftSDN',
        migration: { networkType: 'OVNKubernetes' },
        conditions: [{ type: 'T', status: 'True' }],
      },
    });
    expect(found).toMatchObject({
      wantedType: 'OVNKubernetes',
      type: 'OpenShiftSDN',
      migratingTo: 'OVNKubernetes',
      conditions: [{ type: 'T', status: 'True', reason: '', message: '' }],
      isLiveAsked: false,
    });
  });

  it('tells when each was written', () => {
    const at = (time: string, fieldsV1: object) => ({ time, fieldsV1 });
    const managedFields = [
      at('2026-01-01T00:00:00Z', { 'f:spec': { 'f:networkType': {} } }),
      at('2026-01-02T00:00:00Z', { 'f:status': { 'f:migration': { 'f:networkType': {} } } }),
    ];
    expect(config({}, { managedFields }).since).toEqual({
      wantedType: Date.parse('2026-01-01T00:00:00Z'),
      migratingTo: Date.parse('2026-01-02T00:00:00Z'),
    });
    expect(config({}).since).toEqual({ wantedType: undefined, migratingTo: undefined });
  });

  it('asks for a live migration by an annotation, whatever its value', () => {
    expect(config({}, { annotations: { 'network.openshift.io/network-type-migration': '' } }).isLiveAsked).toBe(true);
    expect(config({}, { annotations: {} }).isLiveAsked).toBe(false);
  });
});

it('reads topology, version and conditions', () => {
  const of = (status: object) => make.any('config.openshift.io/v1', 'X', { name: 'x' }, { status });
  expect(infrastructureItem(of({ controlPlaneTopology: 'External' })).controlPlaneTopology).toBe('External');
  expect(clusterVersionItem(of({ desired: { version: '4.16.3' } })).version).toBe('4.16.3');
  expect(conditionsOf(of({ conditions: [{ type: 'a', status: 'b', reason: 'c', message: 'd' }, 7] }))).toEqual([
    { type: 'a', status: 'b', reason: 'c', message: 'd' },
    { type: '', status: '', reason: '', message: '' },
  ]);
  expect(conditionsOf(undefined)).toEqual([]);
});
