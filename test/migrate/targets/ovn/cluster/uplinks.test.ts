import { configMaps } from '../../../../../api/kinds.ts';
import { makeSnapshot } from '../../../../../src/migrate/input/make-snapshot.ts';
import { type Snapshot } from '../../../../../src/migrate/snapshot.ts';
import { uplinkPart } from '../../../../../src/migrate/targets/ovn/cluster/uplinks.ts';
import { contextOf } from '../../../../../src/migrate/targets/ovn/context.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { make, options, snapshotOf } from '../../../snapshots.ts';

const version = (text: string): KubeObject =>
  make.any('config.openshift.io/v1', 'ClusterVersion', { name: 'version' }, { status: { desired: { version: text } } });
const operator = (spec: object): KubeObject =>
  make.any('operator.openshift.io/v1', 'Network', { name: 'cluster' }, { spec });
const ref = { namespace: 'openshift-network-operator', name: 'mtu' };
const map = (mtu: string): KubeObject => make.any('v1', 'ConfigMap', ref, { data: { mtu } });
const network = (mtu?: number): KubeObject => ({ ...make.clusterNetwork(), ...(mtu === undefined ? {} : { mtu }) });

function saidOf(snapshot: Snapshot, code: string): readonly string[] {
  return uplinkPart(contextOf(snapshot, options))
    .findings.filter((finding) => finding.code === code)
    .map(({ severity, today }) => `${severity}: ${today}`);
}

function said(code: string, ...objects: readonly KubeObject[]): readonly string[] {
  return saidOf(snapshotOf(objects), code);
}

test('a ConfigMap of the MTU that fits is no finding, on any release', () => {
  expect(said('MTUConfigMap', version('4.16.9'), network(1450), map('1500'))).toEqual([]);
  expect(said('MTUConfigMap', version('4.16.9'), network(1400), map('1500'))).toEqual([]);
});

test('files that lack it leave it unknown, where a live migration would need it', () => {
  const unknown = ['info: The input does not have it, and does not say whether the cluster does.'];
  expect(said('MTUConfigMap', version('4.15.3'), network(1450))).toEqual(unknown);
  expect(said('MTUConfigMap', version('4.14.3'), network(1450))).toEqual([]);
  expect(said('MTUConfigMap', network(1450))).toEqual([]);
});

test('a cluster that lacks it blocks the live migration; what may not be read is said once, as a missing right', () => {
  const objects = Map.groupBy(
    [version('4.16.9'), network(1450)],
    ({ apiVersion, kind }) => `${apiVersion ?? ''}/${kind ?? ''}`,
  );
  const notFound = [{ apiVersion: 'v1', kind: 'ConfigMap', ...ref }];
  expect(saidOf(makeSnapshot(objects, [], { notFound }), 'MTUConfigMap')).toEqual([
    expect.stringMatching(/^warning: The cluster does not have it\./),
  ]);
  const unread = [{ kind: configMaps, reason: 'no', right: 'list configmaps in openshift-network-operator' }];
  expect(saidOf(makeSnapshot(objects, unread), 'MTUConfigMap')).toEqual([]);
});

test.each(['', '0', '1e3', '-1500', '1500 ', '99999999'])('%j in it is no MTU', (text) => {
  expect(said('MTUConfigMap', version('4.16.9'), map(text))).toEqual([
    `warning: data.mtu is ${JSON.stringify(text)}, which is no MTU.`,
  ]);
});

const config = (mtu: number): object => ({ defaultNetwork: { ovnKubernetesConfig: { mtu } } });
const severitiesOf = (...objects: readonly KubeObject[]): readonly string[] =>
  uplinkPart(contextOf(snapshotOf(objects), options))
    .findings.filter(({ code }) => code === 'ClusterMTU')
    .map(({ severity, kind }) => `${severity} ${kind}`);
const shrinks = 'info ClusterNetwork';

test.each<[string, number | undefined, object, readonly string[]]>([
  ['nothing is configured', 1450, {}, [shrinks]],
  ['it fits to the byte', 1450, config(1400), [shrinks]],
  ['a byte too large for what OpenShift SDN tells', 1450, config(1401), [shrinks, 'warning Network']],
  ['nothing tells the MTU between the nodes', undefined, config(9000), [shrinks]],
  [
    'the operator raises the MTU between the nodes',
    1450,
    { ...config(8900), migration: { mtu: { machine: { to: 9000 } } } },
    [shrinks],
  ],
  [
    'a byte too large for what the operator says',
    1450,
    { migration: { mtu: { machine: { to: 9000 }, network: { to: 8901 } } } },
    [shrinks, 'blocker Network'],
  ],
])('MTU: %s', (_, mtu, spec, found) => {
  expect(severitiesOf(network(mtu), operator({ ...spec }))).toEqual(found);
});

test("the MTU between the nodes is the operator's setting, else what it found, else what OpenShift SDN's tells", () => {
  const wants = { defaultNetwork: { ovnKubernetesConfig: { mtu: 1450 } } };
  const large = (...objects: readonly KubeObject[]): readonly string[] =>
    said('ClusterMTU', network(1450), ...objects).filter((text) => !text.startsWith('info'));
  expect(large(operator(wants))).toEqual([
    "warning: The network between the nodes has an MTU of 1500 bytes, as far as OpenShift SDN's MTU of 1450 shows.",
  ]);
  expect(large(operator(wants), map('1501'))).toEqual([
    'warning: The network between the nodes has an MTU of 1501 bytes (ConfigMap openshift-network-operator/mtu).',
  ]);
  expect(large(operator(wants), map('9000'))).toEqual([]);
  expect(large(operator({ ...wants, migration: { mtu: { machine: { to: 1500 } } } }), map('9000'))).toEqual([
    'blocker: The network between the nodes has an MTU of 1500 bytes (spec.migration.mtu.machine.to).',
  ]);
});

test('the ports of both tunnels are those that are configured', () => {
  const own = { defaultNetwork: { ovnKubernetesConfig: { genevePort: 6082 } } };
  const ports = (...objects: readonly KubeObject[]): string =>
    uplinkPart(contextOf(snapshotOf(objects), options)).findings.find(({ code }) => code === 'GenevePort')?.action ??
    '';
  expect(ports(make.clusterNetwork())).toContain('Open UDP port 6081 between all nodes');
  expect(ports({ ...make.clusterNetwork(), ...{ vxlanPort: 4790 } }, operator(own))).toMatch(
    /port 6082.*leave 4790 open/,
  );
});
