import { netNamespaces } from '../../../api/kinds.ts';
import { proxiesOf, type ProxyOptions } from '../../../src/migrate/proxies/proxies.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { make, snapshotOf } from '../snapshots.ts';

const macvlan = { annotations: { 'pod.network.openshift.io/assign-macvlan': 'true' } };
const options: ProxyOptions = {
  namespaces: [],
  redirect: false,
  hasEgressIPs: true,
  user: undefined,
  images: { squid: 'squid:1', haproxy: 'haproxy:1' },
};
type Env = Readonly<Record<string, string>>;

function router(name: string, env: Env, namespace = 'shop'): KubeObject {
  const list = Object.entries({ EGRESS_SOURCE: '192.168.7.99/24', ...env }).map(([key, value]) => ({
    name: key,
    value,
  }));
  const spec = { template: { metadata: macvlan, spec: { containers: [{ name: 'c', env: list }] } } };
  return make.any('apps/v1', 'Deployment', { namespace, name }, { spec });
}
const web = (name = 'web', more: Env = {}, namespace = 'shop') =>
  router(name, { EGRESS_HTTP_PROXY_DESTINATION: 'good.example', ...more }, namespace);

const made = (objects: readonly KubeObject[], more: Partial<ProxyOptions> = {}) =>
  proxiesOf(snapshotOf(objects), { ...options, ...more });
const kinds = (objects: readonly KubeObject[], more: Partial<ProxyOptions> = {}) =>
  made(objects, more).proxies.map(({ objects: ones }) => ones.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
const fieldsOf = (objects: readonly KubeObject[], kind: string, more: Partial<ProxyOptions> = {}): unknown[] =>
  made(objects, more).proxies.flatMap(({ objects: ones }) => ones.filter((one) => one.kind === kind));

const configOf = (objects: readonly KubeObject[], file: string): string | undefined =>
  (fieldsOf(objects, 'ConfigMap') as { data: Record<string, string> }[])[0]?.data[file];

it('puts Squid in place of a router in HTTP mode, and its address on the pods of the proxy alone', () => {
  expect(kinds([web()])).toEqual([
    ['EgressIP shop.web-proxy', 'ConfigMap web-proxy', 'Deployment web-proxy', 'Service web-proxy'],
  ]);
  expect(fieldsOf([web()], 'EgressIP')).toMatchObject([
    {
      spec: {
        egressIPs: ['192.168.7.99'],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
        podSelector: { matchLabels: { app: 'web-proxy' } },
      },
    },
  ]);
  expect(configOf([web()], 'squid.conf')).toContain(
    'http_port 8080\nacl rule1 dstdomain -n good.example\nhttp_access allow rule1\nhttp_access deny all\n',
  );
});

it('puts HAProxy in place of one in DNS mode, at a port that every user may have', () => {
  const dns = router('dns', { EGRESS_DNS_PROXY_DESTINATION: '80 203.0.113.25\n20000 a.example\n443 b.example 8443' });
  expect(fieldsOf([dns], 'Service')).toMatchObject([
    {
      spec: {
        ports: [
          { port: 80, targetPort: 20_001 },
          { port: 20_000, targetPort: 20_000 },
          { port: 443, targetPort: 20_002 },
        ],
      },
    },
  ]);
  const config = configOf([dns], 'haproxy.cfg');
  expect(config).toContain('listen port-80\n  bind :20001\n  server target 203.0.113.25:80\n');
  expect(config).toMatch(/bind :20002\n {2}server-template target 10 b\.example:8443 check resolvers/);
});

it('replaces one in redirect mode only if that is wanted, and says what it does not do', () => {
  const destination = '80 tcp 203.0.113.25\n53 udp 203.0.113.26\n80 tcp 203.0.113.30\n203.0.113.27';
  const objects = [router('r', { EGRESS_DESTINATION: destination })];
  expect(made(objects)).toEqual({ proxies: [], refused: [] });
  const [proxy] = made(objects, { redirect: true }).proxies;
  expect(proxy!.notes.slice(-2)).toEqual([
    'not done: UDP port 53 to 203.0.113.26, because the proxy forwards TCP alone',
    'not done: all other traffic to 203.0.113.27, because the proxy forwards the ports above alone',
  ]);
  expect(fieldsOf(objects, 'Service', { redirect: true })).toMatchObject([{ spec: { ports: [{ port: 80 }] } }]);
});

it.each([
  [
    'a line that cannot be read',
    { EGRESS_HTTP_PROXY_DESTINATION: 'a b' },
    /^EGRESS_HTTP_PROXY_DESTINATION: "a b" is no/,
  ],
  ['no destination', { EGRESS_ROUTER_MODE: 'dns-proxy' }, /^EGRESS_DNS_PROXY_DESTINATION: there is none$/],
  ['an unknown mode', { EGRESS_ROUTER_MODE: 'fly' }, /"fly" is no mode/],
  ['no TCP', { EGRESS_DESTINATION: '203.0.113.27' }, /it has no rule for a TCP port/],
])('one odd router stops no other: %s', (_, env, reason) => {
  const { proxies, refused } = made([router('a', env), web()], { redirect: true });
  expect(proxies.map(({ router: { name } }) => name)).toEqual(['web']);
  expect(refused.map(({ router: one }) => one)).toEqual([{ kind: 'Deployment', namespace: 'shop', name: 'a' }]);
  expect(refused[0]!.reason).toMatch(reason);
});

describe('the address', () => {
  const requesting = make.netNamespace('shop', 77, { egressIPs: ['192.168.7.50'] });
  const other = make.netNamespace('other', 78, { egressIPs: ['192.168.7.99'] });
  const node = make.hostSubnet('n1', '192.168.7.99');
  it.each([
    [
      'the namespace requests egress IPs',
      [requesting],
      {},
      /it requests 192\.168\.7\.50, and a pod can have one EgressIP only/,
    ],
    ['another namespace has it', [other], {}, /192\.168\.7\.99 is that of namespace other/],
    ['a node has it', [node], {}, /192\.168\.7\.99 is that of node n1/],
    ['the plugin has no EgressIPs', [], { hasEgressIPs: false }, /only OVN-Kubernetes gives single pods an EgressIP/],
  ])('is not asked for if %s, and a note says so', (_, objects, more, note) => {
    expect(kinds([web(), ...objects], more)).toEqual([
      ['ConfigMap web-proxy', 'Deployment web-proxy', 'Service web-proxy'],
    ]);
    expect(made([web(), ...objects], more).proxies[0]!.notes[0]).toMatch(note);
  });

  it('is that of the first of two routers', () => {
    expect(fieldsOf([web('a'), web('b')], 'EgressIP')).toHaveLength(1);
    expect(made([web('a'), web('b')]).proxies[1]!.notes[0]).toMatch(/is that of Deployment shop\/a$/);
  });

  it('is not asked for while what others have is unknown', () => {
    const unread = [{ kind: netNamespaces, reason: 'forbidden', right: undefined }];
    const { proxies } = proxiesOf({ ...snapshotOf([web()]), unread }, options);
    expect(proxies[0]!.objects.map(({ kind }) => kind)).not.toContain('EgressIP');
    expect(proxies[0]!.notes[0]).toMatch(/could not be read$/);
  });

  it('need not be known', () => {
    expect(kinds([web('web', { EGRESS_SOURCE: 'x' })])[0]).toHaveLength(3);
  });
});

it('names what can have no such name, and no two alike', () => {
  const names = (objects: readonly KubeObject[]) => kinds(objects).map((ones) => ones.at(-1));
  expect(names([web('a.b'), web('a-b'), web('a-b', {}, 'mail'), web('0'), web('x'.repeat(80))])).toEqual([
    'Service a-b-proxy',
    'Service r-0-proxy',
    'Service a-b-proxy',
    'Service a-b-proxy-2',
    `Service ${'x'.repeat(50)}-proxy`,
  ]);
});

it('makes pods anew when the configuration changes, and as the user that is named', () => {
  const template = (value: string, more = {}) => {
    const [one] = fieldsOf([web('w', { EGRESS_HTTP_PROXY_DESTINATION: value })], 'Deployment', more) as {
      spec: { template: { metadata: { annotations: object }; spec: { containers: { securityContext: object }[] } } };
    }[];
    return one!.spec.template;
  };
  expect(template('*').metadata.annotations).not.toEqual(template('a.example').metadata.annotations);
  expect(template('*').metadata.annotations).toEqual(template('*').metadata.annotations);
  expect(template('*').spec.containers[0]!.securityContext).not.toHaveProperty('runAsUser');
  expect(template('*', { user: 1001 }).spec.containers[0]!.securityContext).toMatchObject({ runAsUser: 1001 });
});

it('an EgressNetworkPolicy of the namespace holds for the proxy, and a note says so', () => {
  const policy = make.any(
    'network.openshift.io/v1',
    'EgressNetworkPolicy',
    { namespace: 'shop', name: 'p' },
    { spec: { egress: [] } },
  );
  expect(made([web(), policy]).proxies[0]!.notes).toContainEqual(
    'EgressNetworkPolicy p holds for the proxy, unlike for the router: let it allow the destinations',
  );
});

it('only routers of the namespaces that are named', () => {
  expect(kinds([web(), web('web', {}, 'mail')], { namespaces: ['mail'] })).toHaveLength(1);
});
