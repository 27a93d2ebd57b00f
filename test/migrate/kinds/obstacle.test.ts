import { budgetItem, nodeNetworkItem, webhookItem } from '../../../src/migrate/kinds/obstacle.ts';
import { make } from '../snapshots.ts';

const of = (kind: string, fields: Readonly<Record<string, unknown>>) => make.any('v1', kind, { name: 'x' }, fields);

describe('a webhook fails closed', () => {
  const closed = (webhook: object): boolean =>
    webhookItem(of('ValidatingWebhookConfiguration', { webhooks: [{ name: 'w', ...webhook }] })).failClosed.length > 0;
  const rule = (apiGroups: readonly string[], resources: readonly string[]): object => ({
    rules: [{ apiGroups, resources }],
  });

  it.each([
    [[''], ['pods']],
    [[''], ['configmaps', 'nodes']],
    [['apps', '*'], ['namespaces']],
    [['*'], ['*']],
    [['*'], ['*/*']],
    [[''], ['pods/eviction']],
  ])('if it is asked about %j %j', (groups, resources) => {
    expect(closed(rule(groups, resources))).toBe(true);
  });

  it.each([
    [['apps'], ['pods']],
    [[''], ['configmaps']],
    [[], ['pods']],
    [[''], []],
  ])('not if it is asked about %j %j', (groups, resources) => {
    expect(closed(rule(groups, resources))).toBe(false);
  });

  it('unless it is to be ignored', () => {
    expect(closed({ ...rule([''], ['pods']), failurePolicy: 'Fail' })).toBe(true);
    expect(closed({ ...rule([''], ['pods']), failurePolicy: 'Ignore' })).toBe(false);
  });

  it('if one of its rules is about them, and is named', () => {
    const two = {
      rules: [
        { apiGroups: ['apps'], resources: ['x'] },
        { apiGroups: [''], resources: ['pods'] },
      ],
    };
    const item = webhookItem(of('MutatingWebhookConfiguration', { webhooks: [{ name: 'a' }, { name: 'b', ...two }] }));
    expect(item).toMatchObject({ kind: 'MutatingWebhookConfiguration', failClosed: ['b'] });
  });
});

it('reads how many pods a budget lets go, and how many it is about', () => {
  expect(budgetItem(of('PodDisruptionBudget', { status: { disruptionsAllowed: 0, expectedPods: 2 } }))).toMatchObject({
    allowed: 0,
    pods: 2,
  });
  expect(budgetItem(of('PodDisruptionBudget', {}))).toMatchObject({ allowed: undefined, pods: 0 });
});

it('reads the interfaces and routes that nmstate sets, and not those that it removes', () => {
  const config = [
    { destination: '10.0.0.0/8', 'next-hop-interface': 'eth1' },
    { destination: '10.1.0.0/16', 'next-hop-interface': 'eth1', state: 'absent' },
    { destination: '10.2.0.0/16' },
  ];
  const desiredState = { interfaces: [{ name: 'bond0' }, {}], routes: { config } };
  expect(nodeNetworkItem(of('NodeNetworkConfigurationPolicy', { spec: { desiredState } }))).toMatchObject({
    interfaces: ['bond0', ''],
    routes: [
      { destination: '10.0.0.0/8', via: 'eth1' },
      { destination: '10.2.0.0/16', via: '' },
    ],
  });
});
