import { egressIPPart } from '../../../../../src/migrate/targets/ovn/egressips/part.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { contextFrom, make } from '../../../snapshots.ts';
import { assignable, egressIP, first, project, second, third, worker } from '../cluster-of.ts';

function part(objects: readonly KubeObject[]) {
  const { changes, findings } = egressIPPart(contextFrom(objects));
  return {
    made: changes.map((change) => (change.action === 'apply' ? JSON.stringify(change.object) : '')),
    from: changes.map((change) =>
      change.action === 'apply' ? change.from.map(({ kind, name }) => `${kind} ${name}`) : [],
    ),
    codes: findings.map(({ code, name }) => `${code} ${name}`),
  };
}
const [one, two] = [worker(1, { egressIPs: [first] }), worker(2, { egressIPs: [second] })];

describe('an EgressIP', () => {
  it('is made for each VNID that requests addresses, with where it is from', () => {
    expect(part([...one, ...two, ...project('shop', 10, [first]), ...project('zoo', 11, [second])]).from).toEqual([
      ['NetNamespace shop'],
      ['NetNamespace zoo'],
    ]);
  });

  it('selects its one namespace by label, and several by a list', () => {
    const key = 'kubernetes.io/metadata.name';
    expect(part([...one, ...project('shop', 10, [first])]).made[0]).toContain(
      `"spec":{"egressIPs":["${first}"],"namespaceSelector":{"matchLabels":{"${key}":"shop"}}}`,
    );
    expect(part([...one, ...project('shop', 10, [first]), ...project('mate', 10)]).made[0]).toContain(
      `"namespaceSelector":{"matchExpressions":[{"key":"${key}","operator":"In","values":["mate","shop"]}]}`,
    );
  });

  it('keeps in its labels which node has each address, where there is one', () => {
    const [made] = part([
      ...one,
      ...two,
      ...worker(3, { egressIPs: [second] }),
      ...project('shop', 10, [first, second, third]),
    ]).made;
    expect(made).toContain(`"placed.sdn-compat/${first}":"n1"`);
    expect(made).not.toContain(`placed.sdn-compat/${second}`);
    expect(made).not.toContain(`placed.sdn-compat/${third}`);
  });

  it('is not made where nothing is left to request or to select', () => {
    expect(part([...one, ...project('shop', 10, ['bad'])]).made).toEqual([]);
    expect(part([...one, make.namespace('x'), make.netNamespace('shop', 10, { egressIPs: [first] })]).made).toEqual([]);
  });

  it('is a conflict if one of its name has another spec', () => {
    const objects = [...one, ...project('shop', 10, [first]), egressIP('egressip-shop', [second])];
    expect(part(objects).codes).toContain('ObjectExists egressip-shop');
  });
});

it('names the node because of which no placement is kept', () => {
  const shared = worker(1, { egressIPs: [first, second] });
  const objects = [
    ...shared,
    ...worker(2, {}, { labels: assignable }),
    ...project('a', 10, [first]),
    ...project('b', 11, [second]),
  ];
  expect(part(objects).codes.filter((code) => code.startsWith('PlacementNotKept'))).toEqual(['PlacementNotKept n2']);
  expect(part(objects).codes.filter((code) => code.startsWith('PlacementBound'))).toEqual([]);
});
