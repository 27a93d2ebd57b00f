import fc from 'fast-check';
import { configMapItem } from '../../../src/migrate/kinds/configmap.ts';
import { egressFirewallItem } from '../../../src/migrate/kinds/egressfirewall.ts';
import { egressIPItem } from '../../../src/migrate/kinds/egressip.ts';
import { egressPolicyItem } from '../../../src/migrate/kinds/egresspolicy.ts';
import { itemOf } from '../../../src/migrate/kinds/item.ts';
import { infrastructureItem, networkOperatorItem } from '../../../src/migrate/kinds/network.ts';
import { nodeItem } from '../../../src/migrate/kinds/node.ts';
import { mentionsMacvlan, workloadItem } from '../../../src/migrate/kinds/workload.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';

const readers: Readonly<Record<string, (object: KubeObject) => unknown>> = {
  itemOf,
  configMapItem,
  egressFirewallItem,
  egressIPItem,
  egressPolicyItem,
  infrastructureItem,
  networkOperatorItem,
  nodeItem,
  workloadItem,
};
const of = (fields: Readonly<Record<string, unknown>>): KubeObject => ({ metadata: { name: 'one' }, ...fields });

test.each(Object.entries(readers))('%s reads whatever spec, status and data hold, nulls too', (_name, read) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (spec, status, data) => {
      expect(read(of({ spec, status, data }))).toMatchObject({ name: 'one', namespace: '' });
    }),
  );
});

test('a Node without the condition Ready says nothing; Unknown is not True', () => {
  const ready = (conditions: unknown): unknown => nodeItem(of({ status: { conditions } })).ready;
  expect(ready(null)).toBeUndefined();
  expect(ready([{ type: 'DiskPressure', status: 'True' }])).toBeUndefined();
  expect(ready([{ type: 'Ready', status: 'Unknown' }])).toBe('Unknown');
});

test('an absent selector of an EgressIP selects everything, and each item of its status names a node', () => {
  const read = egressIPItem(
    of({
      spec: { egressIPs: ['192.0.2.1'], namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } },
      status: { items: [{ egressIP: '192.0.2.1', node: 'n1' }] },
    }),
  );
  expect(read.podSelector).toEqual({});
  expect(read.namespaceSelector.matchExpressions).toEqual([{ key: 'a', operator: 'Exists', values: [] }]);
  expect(read.assigned).toEqual(new Map([['192.0.2.1', 'n1']]));
});

test('a firewall rule of an unknown type denies', () => {
  const { rules } = egressFirewallItem(
    of({
      spec: {
        egress: [
          { type: 'allow', to: { cidrSelector: '192.0.2.0/24' } },
          { type: 'Allow', ports: [{}] },
        ],
      },
    }),
  );
  expect(rules).toMatchObject([
    { type: 'Deny', cidrSelector: '192.0.2.0/24', dnsName: '', hasPorts: false, nodeSelector: undefined },
    { type: 'Allow', hasPorts: true },
  ]);
});

test('the join network is read where releases before 4.16 keep it too', () => {
  const join = (ovnKubernetesConfig: unknown): string =>
    networkOperatorItem(of({ spec: { defaultNetwork: { ovnKubernetesConfig } } })).internal.join;
  expect(join({ v4InternalSubnet: '100.65.0.0/16' })).toBe('100.65.0.0/16');
  expect(join({ v4InternalSubnet: '100.65.0.0/16', ipv4: { internalJoinSubnet: '100.66.0.0/16' } })).toBe(
    '100.66.0.0/16',
  );
});

describe('an egress router', () => {
  const template = (value: string): Readonly<Record<string, unknown>> => ({
    metadata: { annotations: { 'pod.network.openshift.io/assign-macvlan': value } },
    spec: {
      initContainers: [{ env: [{ name: 'A', value: '1' }] }],
      containers: [
        {
          env: [
            { name: 'B', valueFrom: { configMapKeyRef: { name: 'map', key: 'k' } } },
            { name: 'C', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
          ],
          envFrom: [{ prefix: 'P_', configMapRef: { name: 'map' } }],
        },
      ],
    },
  });

  test.each([
    ['Pod', template('true')],
    ['Deployment', { spec: { template: template('true') } }],
    ['CronJob', { spec: { jobTemplate: { spec: { template: template('true') } } } }],
  ])('is found in the template of a %s', (kind, fields) => {
    const read = workloadItem({ kind, ...of({}), ...fields });
    expect(mentionsMacvlan({ kind, ...fields })).toBe(true);
    expect(read.hasMacvlan).toBe(true);
    expect(read.containers).toEqual([
      { variables: [{ name: 'A', kind: 'value', value: '1' }], sources: [] },
      {
        variables: [
          { name: 'B', kind: 'reference', configMap: 'map', key: 'k' },
          { name: 'C', kind: 'elsewhere' },
        ],
        sources: [{ configMap: 'map', prefix: 'P_' }],
      },
    ]);
  });

  test('is none if the annotation says false, and stands still without replicas or when suspended', () => {
    const deployment = (value: string, spec: object): unknown =>
      workloadItem({ kind: 'Deployment', ...of({ spec: { template: template(value), ...spec } }) });
    expect(deployment('false', {})).toMatchObject({ hasMacvlan: false, stopped: false });
    expect(deployment('true', { replicas: 0 })).toMatchObject({ hasMacvlan: true, stopped: true });
    expect(deployment('true', { suspend: true })).toMatchObject({ stopped: true });
  });
});
