import { routerPart } from '../../../../../src/migrate/targets/ovn/router/part.ts';
import type { KubeObject } from '../../../../../src/model/objects/raw.ts';
import { contextFrom, make } from '../../../snapshots.ts';

type Env = Readonly<Record<string, string | { readonly configMap: string; readonly key: string }>>;
const macvlan = { annotations: { 'pod.network.openshift.io/assign-macvlan': 'true' } };
const list = (env: Env) =>
  Object.entries(env).map(([name, value]) =>
    typeof value === 'string'
      ? { name, value }
      : { name, valueFrom: { configMapKeyRef: { name: value.configMap, key: value.key } } },
  );
const podSpec = (env: Env) => ({
  initContainers: [{ name: 'egress-router', env: list(env) }],
  containers: [{ name: 'wait' }],
});
const pod = (namespace: string, name: string, env: Env, metadata: object = {}): KubeObject =>
  make.any('v1', 'Pod', { namespace, name, ...macvlan, ...metadata }, { spec: podSpec(env) });
const redirect: Env = {
  EGRESS_SOURCE: '192.168.7.99/24',
  EGRESS_GATEWAY: '192.168.7.1',
  EGRESS_DESTINATION: '80 tcp 203.0.113.25\n8080 TCP 203.0.113.26 80 # second\n203.0.113.27\n',
  EGRESS_ROUTER_MODE: 'init',
};
const base = [
  make.node('n1', '192.168.7.10', { annotations: { 'k8s.ovn.org/node-primary-ifaddr': '{"ipv4":"192.168.7.10/25"}' } }),
];

function translate(objects: readonly KubeObject[]) {
  const { changes, findings } = routerPart(contextFrom([...base, ...objects]));
  return {
    routers: changes.map((change) =>
      change.action === 'apply'
        ? [
            change.object.metadata.namespace,
            change.object.metadata.name,
            (change.object as KubeObject & { spec: unknown }).spec,
          ]
        : [],
    ),
    findings: findings.map(({ code, kind, name, tomorrow }) => `${code} ${kind} ${name}: ${tomorrow}`),
  };
}

const spec = {
  mode: 'Redirect',
  networkInterface: { macvlan: { mode: 'Bridge' } },
  addresses: [{ ip: '192.168.7.99/24', gateway: '192.168.7.1' }],
  redirect: {
    redirectRules: [
      { destinationIP: '203.0.113.25', port: 80, protocol: 'TCP' },
      { destinationIP: '203.0.113.26', port: 8080, protocol: 'TCP', targetPort: 80 },
    ],
    fallbackIP: '203.0.113.27',
  },
};

test('a redirect pod becomes an EgressRouter of the same rules', () => {
  const { routers, findings } = translate([pod('shop', 'r', redirect)]);
  expect(routers).toEqual([['shop', 'r', spec]]);
  expect(findings).toEqual([expect.stringMatching(/^EgressRouterPod Pod r: EgressRouter shop\/r does the same/)]);
});

test.each([
  ['Deployment', 'apps/v1', { replicas: 0, template: { metadata: macvlan, spec: podSpec(redirect) } }],
  ['ReplicationController', 'v1', { template: { metadata: macvlan, spec: podSpec(redirect) } }],
  [
    'DeploymentConfig',
    'apps.openshift.io/v1',
    { replicas: 1, template: { metadata: macvlan, spec: podSpec(redirect) } },
  ],
  [
    'CronJob',
    'batch/v1',
    { suspend: true, jobTemplate: { spec: { template: { metadata: macvlan, spec: podSpec(redirect) } } } },
  ],
])(
  'a %s has it in its template, also when it is stopped; its pods are not counted beside it',
  (kind, apiVersion, workload) => {
    const object = make.any(apiVersion, kind, { namespace: 'shop', name: 'w', uid: 'u1' }, { spec: workload });
    const child = pod('shop', 'w-1', redirect, { ownerReferences: [{ kind, name: 'w', uid: 'u1' }] });
    expect(translate([object, child]).routers).toEqual([['shop', 'w', spec]]);
  },
);

test('values may come from a ConfigMap; the prefix from the network of a node', () => {
  const config = make.any('v1', 'ConfigMap', { namespace: 'shop', name: 'c' }, { data: { where: '203.0.113.30' } });
  const env: Env = {
    EGRESS_SOURCE: '192.168.7.99',
    EGRESS_GATEWAY: '192.168.7.1',
    EGRESS_DESTINATION: { configMap: 'c', key: 'where' },
  };
  expect(translate([config, pod('shop', 'r', env)]).routers).toMatchObject([
    [
      'shop',
      'r',
      { addresses: [{ ip: '192.168.7.99/25' }], redirect: { redirectRules: [], fallbackIP: '203.0.113.30' } },
    ],
  ]);
  expect(translate([pod('shop', 'r', env)])).toMatchObject({
    routers: [],
    findings: [expect.stringContaining('EGRESS_DESTINATION: key "where" of ConfigMap shop/c is not in the input')],
  });
});

test.each([
  ['HTTP proxy', { EGRESS_HTTP_PROXY_DESTINATION: '*' }, 'it is an HTTP proxy'],
  ['DNS proxy', { EGRESS_DNS_PROXY_DESTINATION: '80 example.org' }, 'it is a DNS proxy'],
  ['an unknown mode', { EGRESS_ROUTER_MODE: 'fly' }, 'EGRESS_ROUTER_MODE: "fly" is no mode'],
  ['a wrong rule', { EGRESS_DESTINATION: '80 tcp example.org' }, '"80 tcp example.org" is no PORT PROTOCOL ADDRESS'],
  [
    'an address that is not last',
    { EGRESS_DESTINATION: '203.0.113.1\n80 tcp 203.0.113.2' },
    '"203.0.113.1" is no PORT',
  ],
  ['no gateway', { EGRESS_GATEWAY: '' }, 'EGRESS_GATEWAY: "" is not an IP address'],
  ['no prefix', { EGRESS_SOURCE: '10.9.9.9' }, "no node's network holds it"],
])('%s: no object, a finding', (_what, changes, reason) => {
  const { routers, findings } = translate([pod('shop', 'r', { ...redirect, ...changes })]);
  expect(routers).toEqual([]);
  expect(findings).toEqual([expect.stringContaining(reason)]);
});

test('the second router of a namespace and a macvlan pod that is no router are findings', () => {
  const plain = make.any(
    'v1',
    'Pod',
    { namespace: 'x', name: 'p', ...macvlan },
    { spec: { containers: [{ name: 'c' }] } },
  );
  const off = make.any(
    'v1',
    'Pod',
    { namespace: 'x', name: 'q', annotations: { 'pod.network.openshift.io/assign-macvlan': 'false' } },
    { spec: { containers: [] } },
  );
  const { routers, findings } = translate([pod('shop', 'b', redirect), pod('shop', 'a', redirect), plain, off]);
  expect(routers.map(([, name]) => name)).toEqual(['a']);
  expect(findings).toEqual([
    expect.stringMatching(/^EgressRouterPod Pod a: EgressRouter/),
    expect.stringMatching(
      /^EgressRouterPod Pod b: No EgressRouter is made: a namespace serves one only, and Pod a has it/,
    ),
    expect.stringMatching(/^MacvlanPod Pod p: /),
  ]);
});
