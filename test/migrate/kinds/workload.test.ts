import { mentionsMacvlan, workloadItem } from '../../../src/migrate/kinds/workload.ts';
import { make } from '../snapshots.ts';

const macvlan = (value: string) => ({ 'pod.network.openshift.io/assign-macvlan': value });
const pod = (metadata: Readonly<Record<string, unknown>>, spec: object = {}) =>
  workloadItem(make.any('v1', 'Pod', { name: 'p', namespace: 'shop', ...metadata }, { spec }));

describe('a pod has a macvlan interface', () => {
  it.each([
    ['true', true],
    ['eth1', true],
    ['false', false],
    ['', false],
  ])('if the annotation says so: "%s"', (value, has) => {
    expect(pod({ annotations: macvlan(value) }).hasMacvlan).toBe(has);
  });

  it('not without the annotation', () => {
    expect(pod({}).hasMacvlan).toBe(false);
    expect(pod({ annotations: { 'other/assign-macvlan': 'true' } }).hasMacvlan).toBe(false);
  });

  it('is mentioned by whatever annotation has the word, in a pod or a template', () => {
    expect(mentionsMacvlan({ metadata: { annotations: { a: 'b', 'other/assign-macvlan': '' } } })).toBe(true);
    expect(mentionsMacvlan({ spec: { template: { metadata: { annotations: macvlan('true') } } } })).toBe(true);
    expect(
      mentionsMacvlan({ spec: { jobTemplate: { spec: { template: { metadata: { annotations: macvlan('') } } } } } }),
    ).toBe(true);
    expect(mentionsMacvlan({ metadata: { annotations: { other: 'assign-macvlan' }, labels: macvlan('true') } })).toBe(
      false,
    );
    expect(mentionsMacvlan(undefined)).toBe(false);
  });

  it('is looked for in the template of what makes pods, and not beside it', () => {
    const deployment = (spec: object, annotations: object) =>
      workloadItem(make.any('apps/v1', 'Deployment', { name: 'd', annotations }, { spec })).hasMacvlan;
    expect(deployment({ template: { metadata: { annotations: macvlan('true') } } }, {})).toBe(true);
    expect(deployment({}, macvlan('true'))).toBe(false);
  });
});

describe('a workload stands still', () => {
  const stopped = (spec: object) => workloadItem(make.any('apps/v1', 'Deployment', { name: 'd' }, { spec })).stopped;

  it('with no replicas, or when it is suspended', () => {
    expect([{ replicas: 0 }, { suspend: true }, { replicas: 1 }, { suspend: false }, {}].map(stopped)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

it('reads the variables of init containers, then of the others, with where each is from', () => {
  const { containers } = pod(
    {},
    {
      containers: [
        {
          env: [
            { name: 'A', value: '' },
            { name: 'B', valueFrom: { secretKeyRef: {} } },
          ],
        },
      ],
      initContainers: [
        {
          env: [{ name: 'C', valueFrom: { configMapKeyRef: { name: 'map', key: 'k' } } }],
          envFrom: [{ configMapRef: { name: 'all' } }, { prefix: 'P_', configMapRef: { name: 'some' } }],
        },
      ],
    },
  );
  expect(containers).toEqual([
    {
      variables: [{ name: 'C', kind: 'reference', configMap: 'map', key: 'k' }],
      sources: [
        { configMap: 'all', prefix: '' },
        { configMap: 'some', prefix: 'P_' },
      ],
    },
    {
      variables: [
        { name: 'A', kind: 'value', value: '' },
        { name: 'B', kind: 'elsewhere' },
      ],
      sources: [],
    },
  ]);
});

it('knows its owners by their uid', () => {
  expect(pod({ ownerReferences: [{ uid: 'a' }, { name: 'x' }, { uid: 'b' }] }).owners).toEqual(['a', 'b']);
  expect(pod({}).owners).toEqual([]);
});
