/** The way back from each plugin of its objects alone: what plans of ours made, and what others did. */
import { apiVersionOf, nodes } from '../../../api/kinds.ts';
import { claimRows } from '../../../src/migrate/findings/catalog/claims.ts';
import { lossesOf, rows } from '../../../src/migrate/findings/rows.ts';
import { makePlan } from '../../../src/migrate/plan/make.ts';
import type { Snapshot } from '../../../src/migrate/snapshot.ts';
import { type Target, unsetOptions } from '../../../src/migrate/target.ts';
import { oldPlugin, waysBack } from '../../../src/migrate/targets.ts';
import type { Change, Translation } from '../../../src/migrate/translation.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { asList, fieldOf } from '../../../src/model/values/json.ts';
import { generator } from '../../random.ts';
import { rounds } from '../../rounds.ts';
import { clusters, type Named } from '../clusters.ts';
import { generatedCluster } from '../generated.ts';
import { more } from '../more-clusters.ts';
import { make } from '../snapshots.ts';
import { readDump } from '../summary.ts';

const ways = waysBack.filter(({ target }) => target !== oldPlugin);

function translated(target: Target, snapshot: Snapshot, options: Named['options'] = {}): Translation {
  const { prefix } = options;
  const translator = target.translator({ ...unsetOptions(target), ...(prefix === undefined ? {} : { prefix }) });
  if (translator === undefined) throw new Error(`${target.name} does not know its options`);
  return translator.translate(target.before(snapshot));
}

const applied = (changes: readonly Change[]): readonly KubeObject[] =>
  changes.flatMap((change) => (change.action === 'apply' ? [change.object] : []));

const key = ({ apiVersion, kind, metadata: { namespace = '', name = '' } }: KubeObject): string =>
  [apiVersion, kind, namespace, name].join(' ');

/** The objects with what the changes write into them; without what OpenShift SDN's objects asked for before. */
function after(objects: readonly KubeObject[], changes: readonly Change[]): readonly KubeObject[] {
  const cleared = objects.map((object) =>
    object.kind === 'NetNamespace' || object.kind === 'HostSubnet'
      ? { ...object, egressIPs: [], egressCIDRs: [] }
      : object,
  );
  const known = new Map<string, KubeObject>(cleared.map((object) => [key(object), object]));
  for (const object of applied(changes)) {
    const was = known.get(key(object));
    const labels = { ...was?.metadata.labels, ...object.metadata.labels };
    known.set(key(object), { ...was, ...object, metadata: { ...was?.metadata, ...object.metadata, labels } });
  }
  return [...known.values()];
}

const fixtures: readonly (readonly [string, Named])[] = [...Object.entries<Named>(clusters), ...Object.entries(more)];

const web = (namespace: string): KubeObject =>
  make.any(
    'apps/v1',
    'Deployment',
    { namespace, name: 'web' },
    { spec: { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } } } } },
  );

/** With an egress IP on each of some nodes, CIDRs on others, and namespaces with one or several of them. */
function randomCluster(seed: number): Named {
  const random = generator(seed * 31 + 7);
  const address = (index: number): string => `192.168.7.${100 + index}`;
  // mostly different ones
  const drawn = (count: number): readonly string[] => Array.from({ length: count }, () => address(random(60)));
  const nodeNames = Array.from({ length: 1 + random(5) }, (_, index) => `n${index}`);
  const offers = nodeNames.map((_, node) =>
    random(2) === 0
      ? { egressIPs: drawn(random(8)) }
      : { egressCIDRs: random(2) === 0 ? ['192.168.7.96/27'] : ['192.168.7.128/28', `192.168.7.${100 + node}/32`] },
  );
  const names = Array.from({ length: 1 + random(6) }, (_, index) => `project-${index}`);
  return {
    objects: [
      make.clusterNetwork(),
      make.namespace('kube-system', { uid: 'one' }),
      ...nodeNames.flatMap((name, index) => [
        make.node(name, `192.168.7.${10 + index}`),
        make.hostSubnet(name, `192.168.7.${10 + index}`, offers[index]),
      ]),
      ...names.flatMap((name, index) => [
        make.namespace(name),
        make.netNamespace(name, 100 + (random(4) === 0 ? 0 : index), {
          egressIPs: drawn(random(4)),
        }),
        web(name),
      ]),
    ],
  };
}

const lossless = new Set(['IncompleteInput', 'ClusterUnknown', 'NodesUnknown', 'PodSelectorLost', 'SeveralEgressIPs']);

describe.each(ways.map(({ from, target }) => [from.name, from, target] as const))('%s', (name, from, target) => {
  const made = ({ changes }: Translation): readonly KubeObject[] =>
    applied(changes).filter(({ apiVersion, kind }) =>
      [...from.makes, nodes].some((one) => one.kind === kind && apiVersionOf(one) === apiVersion),
    );
  async function forthAndBack({ objects, options }: Named) {
    const forth = translated(from, await readDump(objects, name), options);
    // what the plan does not take along is not there any more: the plugin's own objects of others
    const mine = objects.filter(({ kind = '' }) => !from.makes.some((one) => one.kind === kind));
    const there = after(mine, forth.changes);
    if (made(forth).length === 0) return undefined;
    const back = translated(target, await readDump(there, target.name));
    const again = translated(from, await readDump(after(mine, back.changes), name), options);
    return { forth, back, again };
  }
  const requests = ({ changes }: Translation): ReadonlySet<string> =>
    new Set(
      applied(changes)
        .filter(({ kind }) => kind === 'NetNamespace')
        .flatMap((object) => asList(fieldOf(object, 'egressIPs')).map(String)),
    );

  test('forth and back is the same for the whole set of fixtures', async () => {
    let compared = 0;
    for (const [cluster, named] of fixtures) {
      const outcome = await forthAndBack(named);
      if (outcome === undefined) continue;
      const { forth, back, again } = outcome;
      const lossy = back.findings.filter(({ code }) => !lossless.has(code));
      if (lossy.length > 0) continue;
      compared += made(forth).length;
      expect([cluster, made(again)]).toEqual([cluster, made(forth)]);
    }
    expect(compared).toBeGreaterThan(0);
  });

  test('forth and back is the same for random clusters, or a finding names the address', async () => {
    let same = 0;
    for (let seed = 0; seed < rounds(200); seed++) {
      const outcome = await forthAndBack(randomCluster(seed));
      if (outcome === undefined) continue;
      const { forth, back, again } = outcome;
      const lossy = back.findings.filter(({ code }) => !lossless.has(code));
      if (lossy.length === 0) {
        expect([seed, made(again)]).toEqual([seed, made(forth)]);
        same++;
      }
      const [told, kept] = [JSON.stringify(back.findings), requests(back)];
      const lost = [...forth.placement.keys()].filter((ip) => !kept.has(ip) && !told.includes(ip));
      expect([seed, lost]).toEqual([seed, []]);
    }
    expect(same).toBeGreaterThan(10);
  });

  test('a large cluster, and whatever the order of the input', async () => {
    const generated = generatedCluster({ namespaces: 300, nodes: 20 });
    const objects = [
      ...generated,
      ...generated.flatMap(({ kind, metadata: { name = '' } }) => (kind === 'Namespace' ? [web(name)] : [])),
    ];
    const { changes } = translated(from, await readDump(objects, name));
    const there = after(objects, changes);
    const plan = async (input: readonly KubeObject[]) => {
      const { plan } = makePlan(await readDump(input, target.name), {
        tool: 'test',
        target,
        options: unsetOptions(target),
        strict: false,
      });
      return plan;
    };
    const one = await plan(there);
    expect(await plan(there.toReversed())).toEqual(one);
    expect(one.target).toBe(`sdn-from-${name}`);
  });
});

const seen = new Set<string>();
afterAll(() => expect(Object.keys(claimRows).filter((code) => !seen.has(code))).toEqual([]));

interface Outcome {
  readonly requests: Readonly<Record<string, unknown>>;
  readonly hosts: Readonly<Record<string, unknown>>;
  readonly codes: readonly string[];
  readonly final: readonly string[];
}

async function back(name: string, objects: readonly KubeObject[]): Promise<Outcome> {
  const way = waysBack.find(({ from }) => from.name === name);
  if (way === undefined) throw new Error(name);
  const base = [
    make.namespace('kube-system', { uid: 'one' }),
    ...['a', 'b', 'c'].map((one, index) => make.namespace(one, { labels: { team: index < 2 ? 'red' : 'blue' } })),
    ...['n1', 'n2', 'n3'].map((one, index) =>
      make.node(one, `192.168.7.1${index + 1}`, { labels: { gateway: index < 2 ? 'yes' : 'no' } }),
    ),
  ];
  const { changes, findings } = translated(way.target, await readDump([...base, ...objects], way.target.name));
  for (const { code, severity, lost } of findings) {
    seen.add(code);
    expect(rows[code].severities).toContain(severity);
    if (lost !== undefined) expect(lossesOf(code)?.spans).toContain(lost.span);
  }
  const of = (kind: string, field: readonly string[]): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      applied(changes)
        .filter((object) => object.kind === kind)
        .map((object): [string, unknown] => {
          const lists = field.map((one) => asList(fieldOf(object, one)));
          return [object.metadata.name ?? '', lists.find((list) => list.length > 0)];
        }),
    );
  return {
    requests: of('NetNamespace', ['egressIPs']),
    hosts: of('HostSubnet', ['egressIPs', 'egressCIDRs']),
    codes: findings.map(({ code, name: on }) => `${code} ${on}`).filter((text) => !text.startsWith('IncompleteInput')),
    final: changes
      .filter(({ step }) => step === 'finalize')
      .map(
        (change) =>
          `${change.action} ${change.action === 'apply' ? '' : `${change.object.kind} ${change.object.name}`}`,
      ),
  };
}

const byName = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });

describe('what others made', () => {
  test('of Antrea: a pool with ranges, an address from its status, labels, pods, another family, bandwidth', async () => {
    const egress = (name: string, spec: object, status: object = {}) =>
      make.any('crd.antrea.io/v1beta1', 'Egress', { name }, { spec, status });
    const found = await back('antrea', [
      make.any(
        'crd.antrea.io/v1beta1',
        'ExternalIPPool',
        { name: 'pool' },
        {
          spec: {
            ipRanges: [{ cidr: '192.168.7.96/28' }, { start: '192.168.7.130', end: '192.168.7.140' }],
            nodeSelector: { matchLabels: { gateway: 'yes' } },
            subnetInfo: { gateway: '192.168.7.1', prefixLength: 24 },
          },
        },
      ),
      egress(
        'by-pool',
        { appliedTo: { namespaceSelector: byName('a') }, externalIPPool: 'pool' },
        { egressIP: '192.168.7.98', egressNode: 'n2' },
      ),
      egress('by-labels', {
        appliedTo: { namespaceSelector: { matchLabels: { team: 'blue' } }, podSelector: { matchLabels: { app: 'x' } } },
        egressIP: '192.168.7.131',
        externalIPPool: 'pool',
        bandwidth: { rate: '1M', burst: '2M' },
      }),
      egress('not-yet', { appliedTo: { namespaceSelector: byName('b') }, externalIPPool: 'pool' }),
      egress('six', { appliedTo: { namespaceSelector: byName('b') }, egressIP: 'fd00::1' }),
      egress('static', { appliedTo: { namespaceSelector: byName('b') }, egressIP: '192.168.7.200' }),
      egress('for-nobody', { appliedTo: {}, egressIP: '192.168.7.201' }),
    ]);
    expect(found.requests).toEqual({ a: ['192.168.7.98'], b: ['192.168.7.200'], c: ['192.168.7.131'] });
    expect(found.hosts).toEqual({
      n1: ['192.168.7.98/32', '192.168.7.131/32'],
      n2: ['192.168.7.98/32', '192.168.7.131/32'],
    });
    expect(found.codes).toEqual([
      'AddressUnknown not-yet',
      'EgressIPUnhosted static',
      'FamilyLost six',
      'FieldLost by-labels',
      'FieldLost pool',
      'NamespaceMissing for-nobody',
      'NamespaceSelectorLost by-labels',
      'PodSelectorLost by-labels',
      'AddressFixed by-pool',
      'PoolLost pool',
    ]);
    expect(found.final).toHaveLength(7);
  });

  test('of EgressGateway: policies of a namespace, defaults, node addresses, destinations, subnets of pods', async () => {
    const version = 'egressgateway.spidernet.io/v1beta1';
    const all = { matchExpressions: [{ key: 'x', operator: 'DoesNotExist' }] };
    const found = await back('egressgateway', [
      make.any(
        version,
        'EgressGateway',
        { name: 'g' },
        {
          spec: {
            clusterDefault: true,
            ippools: { ipv4: ['192.168.7.96', '192.168.7.97-192.168.7.99'], ipv4DefaultEIP: '192.168.7.96' },
            nodeSelector: { selector: { matchLabels: { gateway: 'no' } } },
          },
        },
      ),
      make.any(
        version,
        'EgressPolicy',
        { namespace: 'a', name: 'own' },
        { spec: { egressIP: { allocatorPolicy: 'default' }, appliedTo: { podSelector: all } } },
      ),
      make.any(
        version,
        'EgressClusterPolicy',
        { name: 'dest' },
        {
          spec: {
            egressGatewayName: 'g',
            egressIP: { ipv4: '192.168.7.98' },
            destSubnet: ['203.0.113.0/24'],
            priority: 5,
            appliedTo: { namespaceSelector: byName('b') },
          },
        },
      ),
      make.any(
        version,
        'EgressClusterPolicy',
        { name: 'by-node' },
        {
          spec: {
            egressGatewayName: 'g',
            egressIP: { useNodeIP: true },
            appliedTo: { namespaceSelector: byName('c') },
          },
        },
      ),
      make.any(
        version,
        'EgressClusterPolicy',
        { name: 'subnets' },
        {
          spec: {
            egressGatewayName: 'g',
            egressIP: { ipv4: '192.168.7.99' },
            appliedTo: { podSubnet: ['10.128.0.0/24'] },
          },
        },
      ),
    ]);
    expect(found.requests).toEqual({ a: ['192.168.7.96'], b: ['192.168.7.98'] });
    expect(found.hosts).toEqual({ n3: ['192.168.7.96', '192.168.7.98'] });
    expect(found.codes).toEqual([
      'FieldLost by-node',
      'FieldLost dest',
      'FieldLost dest',
      'FieldLost subnets',
      'FieldLost g',
      'PodSelectorLost own',
      'AddressFixed own',
      'PoolLost g',
    ]);
  });

  test('of Cilium: one address for several namespaces, destinations, an interface, labels of namespaces on pods', async () => {
    const policy = (name: string, selectors: readonly object[], gateway: object, spec: object = {}) =>
      make.any(
        'cilium.io/v2',
        'CiliumEgressGatewayPolicy',
        { name },
        { spec: { selectors, destinationCIDRs: ['0.0.0.0/0'], egressGateway: gateway, ...spec } },
      );
    const pods = (matchLabels: object) => ({ podSelector: { matchLabels } });
    const on = (value: string) => ({ nodeSelector: { matchLabels: { gateway: value } } });
    const space = 'io.kubernetes.pod.namespace';
    const found = await back('cilium', [
      policy(
        'a',
        [pods({ [space]: 'a' })],
        { ...on('yes'), egressIP: '192.168.7.98' },
        { excludedCIDRs: ['10.0.0.0/8'] },
      ),
      policy('b', [pods({ [`k8s:${space}`]: 'b', app: 'x' })], { ...on('yes'), egressIP: '192.168.7.98' }),
      policy(
        'c',
        [pods({ 'io.cilium.k8s.namespace.labels.team': 'blue' })],
        { ...on('no'), egressIP: '192.168.7.99' },
        { destinationCIDRs: ['203.0.113.0/24'] },
      ),
      policy('d', [{ namespaceSelector: byName('c') }], { ...on('no'), interface: 'eth1' }),
      policy('e', [{ namespaceSelector: byName('c') }], { ...on('no'), egressIP: '192.168.7.13' }),
    ]);
    expect(found.requests).toEqual({ a: ['192.168.7.98'], c: ['192.168.7.99'] });
    expect(found.hosts).toEqual({ n1: ['192.168.7.98'], n3: ['192.168.7.99'] });
    expect(found.codes).toEqual([
      'AddressUnknown d',
      'EgressIPIsNodeAddress e',
      'FieldLost a',
      'FieldLost c',
      'NamespaceSelectorLost c',
      'PodSelectorLost b',
      'SharedEgressIP b',
    ]);
  });

  test('of Cilium: two gateways of a namespace on one node', async () => {
    const gateways = ['192.168.7.98', '192.168.7.99'].map((egressIP) => ({
      nodeSelector: { matchLabels: { gateway: 'no' } },
      egressIP,
    }));
    const spec = {
      selectors: [{ podSelector: { matchLabels: { 'io.kubernetes.pod.namespace': 'a' } } }],
      destinationCIDRs: ['0.0.0.0/0'],
      egressGateway: gateways[0],
      egressGateways: gateways,
    };
    const found = await back('cilium', [
      make.any('cilium.io/v2', 'CiliumEgressGatewayPolicy', { name: 'p' }, { spec }),
    ]);
    expect(found).toMatchObject({ requests: { a: ['192.168.7.98'] }, codes: ['AddressesOnOneNode a'] });
  });

  test('of kube-vip: Services of others keep what comes in; ours are deleted; rules and DHCP are told', async () => {
    const service = (namespace: string, name: string, annotations: object, labels: object = {}) =>
      make.any(
        'v1',
        'Service',
        { namespace, name, labels, annotations: { 'kube-vip.io/egress': 'true', ...annotations } },
        { spec: { type: 'LoadBalancer', selector: { app: 'x' } } },
      );
    const asks = (ip: string) => ({ 'kube-vip.io/loadbalancerIPs': ip });
    const found = await back('kube-vip', [
      service('a', 'theirs', { ...asks('192.168.7.98'), 'kube-vip.io/egress-destination-ports': 'tcp:80' }),
      service('b', 'ours', asks('192.168.7.99'), { 'app.kubernetes.io/managed-by': 'sdn-compat' }),
      service('c', 'dhcp', asks('0.0.0.0')),
      make.any('v1', 'Service', { namespace: 'c', name: 'plain' }, { spec: { type: 'LoadBalancer' } }),
    ]);
    expect(found.requests).toEqual({ a: ['192.168.7.98'], b: ['192.168.7.99'] });
    expect(Object.keys(found.hosts)).toEqual(['n1', 'n2', 'n3']);
    expect(found.codes).toEqual([
      'AddressUnknown dhcp',
      'FieldLost theirs',
      'FieldLost theirs',
      'FieldLost dhcp',
      'PodSelectorLost theirs',
      'PodSelectorLost ours',
      'PodSelectorLost dhcp',
      'NodesUnknown theirs',
      'NodesUnknown ours',
    ]);
    expect(found.final).toEqual(['clear Service theirs', 'delete Service ours', 'clear Service dhcp']);
  });
});
