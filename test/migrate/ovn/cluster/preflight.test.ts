import { preflightPart } from '../../../../src/migrate/ovn/cluster/preflight.ts';
import type { KubeObject } from '../../../../src/model/objects.ts';
import { contextFrom, make } from '../../snapshots.ts';

const operator = (spec: Readonly<Record<string, unknown>>): KubeObject =>
  make.any('operator.openshift.io/v1', 'Network', { name: 'cluster' }, { spec });
const topology = (controlPlaneTopology: string): KubeObject =>
  make.any('config.openshift.io/v1', 'Infrastructure', { name: 'cluster' }, { status: { controlPlaneTopology } });
const network = (mtu?: number): KubeObject => ({ ...make.clusterNetwork(), ...(mtu === undefined ? {} : { mtu }) });

const of = (code: string, ...objects: readonly KubeObject[]): readonly string[] =>
  preflightPart(contextFrom(objects))
    .findings.filter((one) => one.code === code)
    .map(({ severity, kind }) => `${severity} ${kind}`);

test.each([
  ['External', ['blocker Infrastructure']],
  ['HighlyAvailable', []],
  ['SingleReplica', []],
])('a control plane that is %s', (value, found) => {
  expect(of('HostedControlPlane', network(), topology(value))).toEqual(found);
});

const config = (mtu: number): object => ({ defaultNetwork: { ovnKubernetesConfig: { mtu } } });
const said = 'info ClusterNetwork';

test.each<[string, number | undefined, object, readonly string[]]>([
  ['nothing is configured', 1450, {}, [said]],
  ['it fits to the byte', 1450, config(1400), [said]],
  ['a byte too large for what OpenShift SDN tells', 1450, config(1401), [said, 'warning Network']],
  ['nothing tells the MTU between the nodes', undefined, config(9000), [said]],
  [
    'the operator raises the MTU between the nodes',
    1450,
    { ...config(8900), migration: { mtu: { machine: { to: 9000 } } } },
    [said],
  ],
  [
    'a byte too large for what the operator says',
    1450,
    { migration: { mtu: { machine: { to: 9000 }, network: { to: 8901 } } } },
    [said, 'blocker Network'],
  ],
])('MTU: %s', (_, mtu, spec, found) => {
  expect(of('ClusterMTU', network(mtu), operator({ ...spec }))).toEqual(found);
});
