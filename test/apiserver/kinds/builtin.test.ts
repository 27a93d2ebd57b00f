/** The kinds that are there without a CRD: what their schemas accept, refuse and fill in. */
import { builtinResources } from '../../../src/apiserver/kinds/builtin.ts';
import type { Resource } from '../../../src/apiserver/kinds/resource.ts';
import { conformToSchema } from '../../../src/apiserver/kinds/schema.ts';
import { validateObject } from '../../../src/apiserver/write/validate.ts';
import type { JsonObject } from '../../../src/model/json.ts';

function kind(name: string): Resource {
  const found = builtinResources.find((one) => one.kind === name);
  if (found === undefined) throw new Error(`there is no kind ${name}`);
  return found;
}
/** What becomes of an object: with defaults, or its errors. */
function checked(name: string, body: JsonObject): JsonObject | string[] {
  const { object } = conformToSchema(body, kind(name).schema);
  const errors = validateObject(object, kind(name).schema);
  return errors.length === 0 ? object : errors.map(({ field, message }) => `${field}: ${message}`);
}

test.each<readonly [string, string, boolean, boolean]>([
  ['Namespace', 'namespaces ns', false, true],
  ['Node', 'nodes no', false, true],
  ['Pod', 'pods po', true, true],
  ['Event', 'events ev', true, false],
  ['Lease', 'leases.coordination.k8s.io', true, false],
  ['CustomResourceDefinition', 'customresourcedefinitions.apiextensions.k8s.io crd crds', false, true],
])('%s is %s; in namespaces: %s; with a status apart: %s', (name, called, namespaced, hasStatus) => {
  const { id, shortNames, ...rest } = kind(name);
  expect([id, ...shortNames].join(' ')).toBe(called);
  expect(rest).toMatchObject({ namespaced, hasStatus, custom: false, listKind: `${name}List` });
});

it('puts only pods into the category of all', () => {
  expect(builtinResources.filter(({ categories }) => categories.includes('all')).map((one) => one.kind)).toEqual([
    'Pod',
  ]);
});

test.each<readonly [string, readonly string[]]>([
  ['Namespace', ['metadata.name', 'status.phase']],
  ['Node', ['metadata.name', 'spec.unschedulable']],
  [
    'Pod',
    ['metadata.name', 'metadata.namespace', 'spec.nodeName', 'spec.restartPolicy', 'status.phase', 'status.podIP'],
  ],
  ['Lease', ['metadata.name', 'metadata.namespace']],
])('a %s is selected by %j', (name, fields) => {
  expect(kind(name).selectable).toEqual(fields);
});

it('selects Events by the object that they are about', () => {
  expect(kind('Event').selectable).toEqual(
    expect.arrayContaining(['reason', 'type', 'involvedObject.kind', 'involvedObject.name', 'involvedObject.uid']),
  );
});

describe('a Pod', () => {
  it('has the defaults that kubectl shows', () => {
    expect(checked('Pod', { spec: { containers: [{ name: 'c', image: 'i' }] } })).toEqual({
      spec: {
        containers: [
          {
            name: 'c',
            image: 'i',
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
            imagePullPolicy: 'IfNotPresent',
          },
        ],
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
        schedulerName: 'default-scheduler',
        terminationGracePeriodSeconds: 30,
        securityContext: {},
      },
    });
  });

  test.each<readonly [string, JsonObject, readonly string[]]>([
    ['without a spec', {}, ['spec: Required value']],
    ['without containers', { spec: {} }, ['spec.containers: Required value']],
    [
      'with no container',
      { spec: { containers: [] } },
      ['spec.containers: Invalid value: 0: spec.containers in body should have at least 1 items'],
    ],
    ['with a container without a name', { spec: { containers: [{}] } }, ['spec.containers[0].name: Required value']],
    [
      'with a container with an empty name',
      { spec: { containers: [{ name: '' }] } },
      ['spec.containers[0].name: Invalid value: "": spec.containers[0].name in body should be at least 1 chars long'],
    ],
    [
      'with two containers of one name',
      { spec: { containers: [{ name: 'c' }, { name: 'c' }] } },
      ['spec.containers[1]: Duplicate value: map[string]interface {}{"name":"c"}'],
    ],
    [
      'that restarts sometimes',
      { spec: { containers: [{ name: 'c' }], restartPolicy: 'Sometimes' } },
      ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ],
  ])('%s is refused', (_what, body, errors) => {
    expect(checked('Pod', body)).toEqual(errors);
  });

  it('keeps fields that this server does not know', () => {
    const spec = { containers: [{ name: 'c', tty: true }], hostNetwork: true };
    expect(checked('Pod', { spec })).toMatchObject({ spec: { containers: [{ tty: true }], hostNetwork: true } });
  });
});

test.each(['Node', 'Namespace'])('a %s has an empty spec and status', (name) => {
  expect(checked(name, {})).toEqual({ spec: {}, status: {} });
});

it('has each condition and address of a Node once', () => {
  const condition = { type: 'Ready', status: 'True' };
  expect(checked('Node', { status: { conditions: [condition, condition] } })).toEqual([
    'status.conditions[1]: Duplicate value: map[string]interface {}{"type":"Ready"}',
  ]);
  expect(checked('Node', { status: { conditions: [{ type: 'Ready' }] } })).toEqual([
    'status.conditions[0].status: Required value',
  ]);
  expect(checked('Node', { status: { addresses: [{ type: 'InternalIP' }, { type: 'InternalIP' }] } })).toHaveLength(1);
});

it('needs the object that an Event is about, and fills in who reported it', () => {
  expect(checked('Event', {})).toEqual(['involvedObject: Required value']);
  expect(checked('Event', { involvedObject: { name: 'x' }, firstTimestamp: null })).toEqual({
    involvedObject: { name: 'x' },
    firstTimestamp: null,
    source: {},
    reportingComponent: '',
    reportingInstance: '',
  });
});

it('has times in a Lease that are times, or null', () => {
  expect(checked('Lease', {})).toEqual({ spec: {} });
  const empty = { spec: { renewTime: null, acquireTime: null, holderIdentity: null, leaseTransitions: null } };
  expect(checked('Lease', empty)).toEqual(empty);
  expect(checked('Lease', { spec: { renewTime: '2026-01-01T00:00:00.000001Z' } })).toEqual({
    spec: { renewTime: '2026-01-01T00:00:00.000001Z' },
  });
  expect(checked('Lease', { spec: { renewTime: 'now' } })).toEqual([
    'spec.renewTime: Invalid value: "now": spec.renewTime in body must be of type date-time: "now"',
  ]);
});

it('keeps whatever is in a CRD, and needs a spec', () => {
  expect(checked('CustomResourceDefinition', { spec: { any: { thing: 1 } } })).toEqual({ spec: { any: { thing: 1 } } });
  expect(checked('CustomResourceDefinition', {})).toEqual(['spec: Required value']);
});
