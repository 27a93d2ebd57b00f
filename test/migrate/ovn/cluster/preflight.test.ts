import { preflightPart } from '../../../../src/migrate/ovn/cluster/preflight.ts';
import type { KubeObject } from '../../../../src/model/objects.ts';
import { contextFrom, make } from '../../snapshots.ts';

const topology = (controlPlaneTopology: string): KubeObject =>
  make.any('config.openshift.io/v1', 'Infrastructure', { name: 'cluster' }, { status: { controlPlaneTopology } });

const of = (code: string, ...objects: readonly KubeObject[]): readonly string[] =>
  preflightPart(contextFrom(objects))
    .findings.filter((one) => one.code === code)
    .map(({ severity, kind }) => `${severity} ${kind}`);

test.each([
  ['External', ['blocker Infrastructure']],
  ['HighlyAvailable', []],
  ['SingleReplica', []],
])('a control plane that is %s', (value, found) => {
  expect(of('HostedControlPlane', make.clusterNetwork(), topology(value))).toEqual(found);
});
