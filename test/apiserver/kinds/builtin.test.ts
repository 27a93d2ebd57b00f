/** The kinds that are there without a CRD: what their schemas accept, refuse and fill in. */
import { builtinResources } from '../../../src/apiserver/kinds/builtin.ts';
import type { Resource } from '../../../src/apiserver/kinds/resource.ts';
import { conformToSchema } from '../../../src/apiserver/kinds/schema.ts';
import { validateObject } from '../../../src/apiserver/write/admission/validate.ts';
import type { JsonObject } from '../../../src/model/values/json.ts';
import { storedThing } from '../things.ts';

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
  ['NetworkPolicy', 'networkpolicies.networking.k8s.io netpol', true, false],
  ['Lease', 'leases.coordination.k8s.io', true, false],
  ['CustomResourceDefinition', 'customresourcedefinitions.apiextensions.k8s.io crd crds', false, true],
  ['Service', 'services svc', true, true],
  ['EndpointSlice', 'endpointslices.discovery.k8s.io', true, false],
  ['Deployment', 'deployments.apps deploy', true, true],
  ['DaemonSet', 'daemonsets.apps ds', true, true],
  ['Job', 'jobs.batch', true, true],
  ['PodDisruptionBudget', 'poddisruptionbudgets.policy pdb', true, true],
  ['PersistentVolumeClaim', 'persistentvolumeclaims pvc', true, true],
  ['ServiceAccount', 'serviceaccounts sa', true, false],
  ['ClusterRole', 'clusterroles.rbac.authorization.k8s.io', false, false],
  ['ClusterRoleBinding', 'clusterrolebindings.rbac.authorization.k8s.io', false, false],
  ['Role', 'roles.rbac.authorization.k8s.io', true, false],
  ['RoleBinding', 'rolebindings.rbac.authorization.k8s.io', true, false],
])('%s is %s; in namespaces: %s; with a status apart: %s', (name, called, namespaced, hasStatus) => {
  const { id, shortNames, ...rest } = kind(name);
  expect([id, ...shortNames].join(' ')).toBe(called);
  expect(rest).toMatchObject({ namespaced, hasStatus, custom: false, listKind: `${name}List` });
});

it('puts pods, what makes them and what leads to them into the category of all', () => {
  expect(builtinResources.filter(({ categories }) => categories.includes('all')).map((one) => one.kind)).toEqual([
    'Pod',
    'Service',
    'Deployment',
    'DaemonSet',
    'Job',
  ]);
});

test.each<readonly [string, readonly string[]]>([
  ['Namespace', ['metadata.name', 'status.phase']],
  ['Node', ['metadata.name', 'spec.unschedulable']],
  [
    'Pod',
    ['metadata.name', 'metadata.namespace', 'spec.nodeName', 'spec.restartPolicy', 'status.phase', 'status.podIP'],
  ],
  ['Service', ['metadata.name', 'metadata.namespace', 'spec.clusterIP', 'spec.type']],
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

it('has each condition of a Node once, and addresses of one type as many as it reports', () => {
  const condition = { type: 'Ready', status: 'True' };
  expect(checked('Node', { status: { conditions: [condition, condition] } })).toEqual([
    'status.conditions[1]: Duplicate value: map[string]interface {}{"type":"Ready"}',
  ]);
  expect(checked('Node', { status: { conditions: [{ type: 'Ready' }] } })).toEqual([
    'status.conditions[0].status: Required value',
  ]);
  const status = { addresses: [{ type: 'InternalIP' }, { type: 'InternalIP' }] };
  expect(checked('Node', { status })).toMatchObject({ status });
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

describe('a table', () => {
  const now = new Date('2026-01-01T00:10:00Z');
  const row = (name: string, body: JsonObject, metadata: JsonObject = {}): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      kind(name).columns.map((column) => [column.name, column.cell(storedThing('x', body, metadata), now)]),
    );

  it('shows of a Pod how many containers are ready, what it does and where it is', () => {
    const containerStatuses = [{ ready: true, restartCount: 2 }, { ready: false, restartCount: 3 }, {}];
    const spec = {
      nodeName: 'n',
      containers: [{}, {}, {}],
      readinessGates: [{ conditionType: 'A' }, { conditionType: 'B' }],
    };
    const status = {
      phase: 'Running',
      podIP: '10.0.0.1',
      containerStatuses,
      conditions: [{ type: 'A', status: 'True' }],
    };
    expect(row('Pod', { spec, status })).toEqual({
      Name: 'x',
      Ready: '1/3',
      Status: 'Running',
      Restarts: '5',
      Age: '10m',
      IP: '10.0.0.1',
      Node: 'n',
      'Nominated Node': '<none>',
      'Readiness Gates': '1/2',
    });
    expect(row('Pod', {})).toMatchObject({
      Ready: '0/0',
      Status: '',
      Restarts: '0',
      IP: '<none>',
      Node: '<none>',
      'Readiness Gates': '<none>',
    });
  });

  test.each<readonly [string, JsonObject, JsonObject, string]>([
    ['that is being deleted', { phase: 'Running' }, { deletionTimestamp: 'now' }, 'Terminating'],
    [
      'that waits',
      { phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull' } } }] },
      {},
      'ErrImagePull',
    ],
    [
      'that ended',
      { phase: 'Failed', containerStatuses: [{ state: { terminated: { reason: 'Error' } } }] },
      {},
      'Error',
    ],
    [
      'whose last container tells most',
      { containerStatuses: [{ state: { waiting: { reason: 'A' } } }, { state: { waiting: { reason: 'B' } } }] },
      {},
      'B',
    ],
    ['that was evicted', { phase: 'Failed', reason: 'Evicted' }, {}, 'Evicted'],
  ])('shows the status of a Pod %s', (_what, status, metadata, text) => {
    expect(row('Pod', { status }, metadata)['Status']).toBe(text);
  });

  it('shows of a Node whether it is ready, its roles and addresses', () => {
    const labels = {
      'node-role.kubernetes.io/worker': '',
      'node-role.kubernetes.io/infra': '',
      'node-role.kubernetes.io/': '',
      other: '',
    };
    const addresses = [
      { type: 'Hostname', address: 'h' },
      { type: 'InternalIP', address: '10.1.0.1' },
    ];
    const status = {
      addresses,
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { kubeletVersion: 'v1', osImage: 'OS' },
    };
    expect(row('Node', { spec: { unschedulable: true }, status }, { labels })).toMatchObject({
      Status: 'Ready,SchedulingDisabled',
      Roles: 'infra,worker',
      Version: 'v1',
      'Internal-IP': '10.1.0.1',
      'External-IP': '<none>',
      'OS-Image': 'OS',
      'Kernel-Version': '<unknown>',
    });
    expect(row('Node', {})).toMatchObject({ Status: 'Unknown', Roles: '<none>', Version: '' });
    expect(row('Node', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })['Status']).toBe('NotReady');
  });
});

it('knows only Deployments that say which pods are theirs and what these are, and fills in the rest', () => {
  expect(checked('Deployment', { spec: {} })).toEqual([
    'spec.selector: Required value',
    'spec.template: Required value',
  ]);
  const env = [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }];
  const template = { spec: { containers: [{ name: 'c', env }] } };
  expect(checked('Deployment', { spec: { selector: {}, template } })).toMatchObject({
    spec: {
      replicas: 1,
      strategy: { type: 'RollingUpdate' },
      template: { spec: { containers: [{ env: [{ valueFrom: { fieldRef: { apiVersion: 'v1' } } }] }] } },
    },
  });
});

it('refuses a rule without verbs and a binding without a role', () => {
  expect(checked('Role', { rules: [{ resources: ['pods'] }] })).toEqual(['rules[0].verbs: Required value']);
  expect(checked('RoleBinding', { subjects: [] })).toEqual(['roleRef: Required value']);
});
