import { egressIPs, egressNetworkPolicies, hostSubnets, netNamespaces, nodes } from '../../../../api/kinds.ts';
import { backRows } from '../../../../src/migrate/findings/catalog/back.ts';
import { lossesOf } from '../../../../src/migrate/findings/rows.ts';
import { toOVN } from '../../../../src/migrate/targets/ovn/translate.ts';
import { toSDN } from '../../../../src/migrate/targets/sdn/translate.ts';
import type { KubeObject } from '../../../../src/model/objects/raw.ts';
import { generator } from '../../../random.ts';
import { rounds } from '../../../rounds.ts';
import { create, objectsOn, planFor, serveOVN, startCluster, switchToOVN } from '../../cluster.ts';
import { make, options, snapshotOf } from '../../snapshots.ts';

const ovn = 'k8s.ovn.org/v1';
const byName = (...names: readonly string[]) =>
  names.length === 1
    ? { matchLabels: { 'kubernetes.io/metadata.name': names[0] } }
    : { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: names }] };
const eip = (
  name: string,
  ips: readonly string[],
  namespaceSelector: object,
  more: { readonly spec?: object; readonly metadata?: object; readonly items?: object } = {},
): KubeObject =>
  make.any(
    ovn,
    'EgressIP',
    { name, ...more.metadata },
    {
      spec: { egressIPs: ips, namespaceSelector, ...more.spec },
      ...(more.items === undefined ? {} : { status: { items: more.items } }),
    },
  );
const firewall = (namespace: string, egress: readonly object[]): KubeObject =>
  make.any(ovn, 'EgressFirewall', { name: 'default', namespace }, { spec: { egress } });
const labeled = { 'k8s.ovn.org/egress-assignable': '' };

const seen = new Set<string>();
afterAll(() => expect(Object.keys(backRows).filter((code) => !seen.has(code))).toEqual([]));

const identity = make.namespace('kube-system', { uid: 'one' });

function back(objects: readonly KubeObject[]) {
  const { changes, findings } = toSDN(snapshotOf([...objects, identity]));
  for (const { code, lost } of findings) {
    seen.add(code);
    if (lost !== undefined) expect(lossesOf(code)?.spans).toContain(lost.span);
  }
  const applied = changes.flatMap((change) =>
    change.action === 'apply' ? [[change.step, change.object] as const] : [],
  );
  const of = (kind: string, field: string) =>
    Object.fromEntries(
      applied
        .filter(([, object]) => object.kind === kind)
        .map(([, object]) => [
          object.metadata.namespace ?? object.metadata.name ?? '',
          (object as unknown as Record<string, unknown>)[field],
        ]),
    );
  return {
    requests: of('NetNamespace', 'egressIPs'),
    lists: of('HostSubnet', 'egressIPs'),
    cidrs: of('HostSubnet', 'egressCIDRs'),
    rules: of('EgressNetworkPolicy', 'spec') as Record<string, { egress: unknown } | undefined>,
    steps: applied.map(([step]) => step),
    names: applied.map(([, object]) => `${object.kind ?? ''} ${object.metadata.name ?? ''}`),
    codes: findings.map(({ code }) => code),
    final: changes
      .filter(({ step }) => step === 'finalize')
      .map(
        (change) =>
          `${change.action} ${change.action === 'apply' ? '' : `${change.object.kind} ${change.object.name}`}`,
      ),
  };
}

test('a way back from files that do not tell the cluster says so', () => {
  const codes = (namespace: KubeObject): readonly string[] =>
    toSDN(snapshotOf([namespace])).findings.map(({ code }) => code);
  expect(codes(identity)).toEqual([]);
  expect(codes(make.namespace('shop', { uid: 'other' }))).toEqual(['ClusterUnknown']);
  expect(codes(make.namespace('kube-system'))).toEqual(['ClusterUnknown']);
});

test('ports and nodeSelector in a firewall are findings; all else is done', () => {
  const { rules, codes, requests } = back([
    make.node('n1', '192.168.7.11', { labels: { role: 'x' } }),
    make.node('n2', '192.168.7.12'),
    make.namespace('shop'),
    firewall('shop', [
      { type: 'Allow', to: { nodeSelector: { matchLabels: { role: 'x' } } } },
      { type: 'Allow', to: { cidrSelector: '203.0.113.0/24' }, ports: [{ port: 443, protocol: 'TCP' }] },
      { type: 'Deny', to: { cidrSelector: '198.51.100.0/24' }, ports: [{ port: 25, protocol: 'TCP' }] },
      { type: 'Allow', to: { dnsName: '*.example.org' } },
      { type: 'Allow', to: { dnsName: 'example.org' } },
      { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
    ]),
    eip('e', ['192.168.7.101'], byName('shop')),
  ]);
  expect(rules['shop']?.egress).toEqual([
    { type: 'Allow', to: { cidrSelector: '192.168.7.11/32' } },
    { type: 'Deny', to: { cidrSelector: '198.51.100.0/24' } },
    { type: 'Allow', to: { dnsName: 'example.org' } },
    { type: 'Deny', to: { cidrSelector: '0.0.0.0/0' } },
  ]);
  expect(codes).toEqual(['EgressIPUnhosted', 'NodeSelectorLost', 'RulePortsLost', 'RulePortsLost', 'WildcardLost']);
  expect(requests).toEqual({ shop: ['192.168.7.101'] });
});

test('other selectors are evaluated, pod selectors become findings, two objects for one namespace are joined', () => {
  const { requests, codes } = back([
    make.namespace('a', { labels: { team: 'red' } }),
    make.namespace('b', { labels: { team: 'blue' } }),
    make.namespace('c', {}),
    eip('by-label', ['192.168.7.101'], { matchExpressions: [{ key: 'team', operator: 'In', values: ['red'] }] }),
    eip('first', ['192.168.7.103', '192.168.7.102'], byName('c')),
    eip('second', ['192.168.7.104', '192.168.7.103'], byName('c'), {
      spec: { podSelector: { matchLabels: { app: 'x' } } },
    }),
    eip('nobody', ['192.168.7.105'], { matchLabels: { team: 'green' } }),
    eip('six', ['fd00::1', '192.168.7.106'], byName('b')),
  ]);
  expect(requests).toEqual({
    a: ['192.168.7.101'],
    b: ['192.168.7.106'],
    c: ['192.168.7.103', '192.168.7.102', '192.168.7.104'],
  });
  expect(codes.filter((code) => code !== 'EgressIPUnhosted').sort()).toEqual([
    'FamilyLost',
    'NamespaceMissing',
    'NamespaceSelectorLost',
    'NamespaceSelectorLost',
    'PodSelectorLost',
    'SeveralEgressIPs',
  ]);
});

test('an object of namespaces with different VNIDs goes to the first: SDN would drop them all', () => {
  const objects = [make.namespace('a'), make.namespace('b'), eip('e', ['192.168.7.101'], byName('a', 'b'))];
  expect(back(objects)).toMatchObject({
    requests: { a: ['192.168.7.101'] },
    codes: expect.arrayContaining(['SharedEgressIP']) as string[],
  });
  expect(back([...objects, make.netNamespace('a', 10), make.netNamespace('b', 10)]).requests).toEqual({
    a: ['192.168.7.101'],
    b: ['192.168.7.101'],
  });
});

test('what was listed by hand is listed again where it was; CIDRs come from the annotation as it is now', () => {
  const kept = (text: string) => ({
    labels: labeled,
    annotations: { 'networkoperator.openshift.io/sdn-to-ovn-migration': text },
  });
  const { lists, cidrs, codes } = back([
    make.node('n1', '192.168.7.11', { labels: labeled }),
    make.node('n2', '192.168.7.12', kept('{"EgressCIDRs":["192.168.7.0/24"]}')),
    make.node('n3', '192.168.7.13', kept('{')),
    make.node('n4', '192.168.7.14'),
    ...['a', 'b', 'c', 'd'].map((name) => make.namespace(name)),
    eip('a', ['192.168.7.101'], byName('a'), {
      metadata: { labels: { 'placed.sdn-compat/192.168.7.101': 'n1' } },
      items: [{ egressIP: '192.168.7.101', node: 'n3' }],
    }),
    eip('b', ['192.168.7.102'], byName('b'), { items: [{ egressIP: '192.168.7.102', node: 'n2' }] }),
    eip('c', ['192.168.7.103'], byName('c'), { items: [{ egressIP: '192.168.7.103', node: 'n3' }] }),
    eip('d', ['10.9.9.9'], byName('d'), { items: [{ egressIP: '10.9.9.9', node: 'n4' }] }),
  ]);
  expect(lists).toEqual({ n1: ['192.168.7.101'], n2: undefined, n3: ['192.168.7.103'] });
  expect(cidrs).toEqual({ n1: undefined, n2: ['192.168.7.0/24'], n3: undefined });
  expect(codes.sort()).toEqual(['CIDRRestrictionLost', 'EgressIPUnhosted']);
});

test('annotations of a NetNamespace are set one by one, beside others', () => {
  const { changes } = toSDN(
    snapshotOf([
      make.namespace('a', { annotations: { 'k8s.ovn.org/multicast-enabled': 'true' } }),
      make.netNamespace('a', 10, {}, { annotations: { mine: 'x' } }),
      eip('e', ['192.168.7.101'], byName('a')),
    ]),
  );
  expect(changes.filter(({ action }) => action === 'apply')).toMatchObject([
    {
      step: 'restore',
      object: {
        kind: 'NetNamespace',
        metadata: { annotations: { 'netnamespace.network.openshift.io/multicast-enabled': 'true' } },
        egressIPs: ['192.168.7.101'],
      },
    },
  ]);
});

test('the way back never makes a second policy in a namespace', () => {
  const egress = [{ type: 'Deny', to: { cidrSelector: '203.0.113.0/24' } }];
  const same = make.policy('shop', 'old', [['Deny', '203.0.113.0/24']]);
  const other = make.policy('shop', 'old', [['Deny', '203.0.113.0/25']]);
  const at = [make.namespace('shop'), make.netNamespace('shop', 10), firewall('shop', egress)];
  expect(back([...at, same])).toMatchObject({ names: [], codes: [] });
  expect(back([...at, other])).toMatchObject({ names: ['EgressNetworkPolicy old'], codes: ['ObjectExists'] });
  expect(back([...at, other, make.policy('shop', 'more', [])])).toMatchObject({
    names: [],
    codes: ['SeveralPolicies'],
  });
  expect(back(at)).toMatchObject({ names: ['EgressNetworkPolicy default'], steps: ['restore'], codes: [] });
});

test("OVN-Kubernetes' objects are removed in finalize; what SDN makes by itself is written after it has started", () => {
  const { steps, final } = back([
    make.node('n1', '192.168.7.11', { labels: labeled }),
    make.namespace('a'),
    eip('e', ['192.168.7.101'], byName('a'), { items: [{ egressIP: '192.168.7.101', node: 'n1' }] }),
    firewall('a', []),
    make.any('networking.k8s.io/v1', 'NetworkPolicy', { namespace: 'a', name: 'openshift-sdn-isolation' }, {}),
    make.any('networking.k8s.io/v1', 'NetworkPolicy', { namespace: 'a', name: 'mine' }, {}),
  ]);
  expect(steps).toEqual(['restore-after', 'restore-after', 'restore-after']);
  expect(final).toEqual([
    'delete EgressFirewall default',
    'delete EgressIP e',
    'delete NetworkPolicy openshift-sdn-isolation',
    'clear Node n1',
  ]);
});

test('without a backup and without any object of SDN the lists come back as they were, but for what is placed automatically', async () => {
  const started = await startCluster();
  const { client } = started;
  try {
    const sdn = [
      make.hostSubnet('n1', '192.168.7.11', { egressIPs: ['192.168.7.101', '192.168.7.103'] }),
      make.hostSubnet('n2', '192.168.7.12', { egressIPs: ['192.168.7.102'], egressCIDRs: ['192.168.7.0/25'] }),
      make.netNamespace('shop', 10, { egressIPs: ['192.168.7.101'] }),
      make.netNamespace('a', 20, { egressIPs: ['192.168.7.103'] }),
      make.netNamespace('b', 20, { egressIPs: ['192.168.7.102', '192.168.7.103'] }),
    ];
    const others = [
      make.node('n1', '192.168.7.11'),
      make.node('n2', '192.168.7.12'),
      ...['shop', 'a', 'b'].map((name) => make.namespace(name)),
    ];
    await create(client, [...others, ...sdn]);
    const { changes, placement } = toOVN(snapshotOf(await objectsOn(client)), {
      ...options,
      machineNetworks: ['192.168.7.0/24'],
    });
    const forth = await planFor(client, changes, { placement });
    await forth.apply();
    await switchToOVN(client);
    expect((await forth.apply()).kind).toBe('done');
    await serveOVN(client);
    for (const { metadata } of (await client.list(egressIPs)).items)
      await client.patch(
        egressIPs,
        { name: metadata.name ?? '' },
        { metadata: { annotations: null } },
        { type: 'merge' },
      );
    for (const kind of [netNamespaces, hostSubnets])
      for (const { metadata } of (await client.list(kind)).items)
        await client.delete(kind, { name: metadata.name ?? '' });
    const { requests, lists, cidrs, codes } = back(await objectsOn(client));
    expect(codes).toEqual(['JoinedNamespaces']);
    expect(requests).toEqual({ a: ['192.168.7.103'], b: ['192.168.7.102', '192.168.7.103'], shop: ['192.168.7.101'] });
    expect(lists).toEqual({ n1: ['192.168.7.101', '192.168.7.103'], n2: undefined });
    expect(cidrs).toEqual({ n1: undefined, n2: ['192.168.7.0/25'] });

    // the plan of it is applied: SDN starts, makes its objects, and gets what they lack
    const alone = toSDN(snapshotOf(await objectsOn(client)));
    const plan = await planFor(client, alone.changes, { plan: { target: 'sdn' } });
    expect(await plan.apply()).toMatchObject({
      kind: 'waiting',
      reasons: expect.arrayContaining(['HostSubnet n1: there is none for the Node']) as string[],
    });
    const bare = [
      make.hostSubnet('n1', '192.168.7.11'),
      make.hostSubnet('n2', '192.168.7.12'),
      make.netNamespace('shop', 31),
      make.netNamespace('a', 32),
      make.netNamespace('b', 33),
    ];
    await create(client, bare);
    expect(await plan.apply({ finalize: true })).toMatchObject({ kind: 'done', left: 'nothing' });
    expect(await client.get(netNamespaces, { name: 'b' })).toMatchObject({
      netid: 33,
      egressIPs: ['192.168.7.102', '192.168.7.103'],
    });
    expect(await client.get(hostSubnets, { name: 'n1' })).toMatchObject({
      egressIPs: ['192.168.7.101', '192.168.7.103'],
    });
    expect((await client.list(egressIPs)).items).toEqual([]);
    expect((await client.get(nodes, { name: 'n1' }))?.metadata.labels ?? {}).not.toHaveProperty([
      'k8s.ovn.org/egress-assignable',
    ]);
    expect((await client.list(egressNetworkPolicies)).items).toEqual([]);
    await forth.remove();
    await plan.remove();
  } finally {
    await started.stop();
  }
});

test('random clusters that are in order come back as they were, from EgressIPs, firewalls and labels alone', () => {
  for (let seed = 1; seed <= rounds(200); seed++) {
    const random = generator(seed);
    const hosts = Array.from({ length: 1 + random(5) }, (_, index) => `n${index}`);
    const names = Array.from({ length: 1 + random(8) }, (_, index) => `ns${index}`);
    let next = 100;
    const lists = new Map(hosts.map((name) => [name, [] as string[]]));
    const automatic = new Set(hosts.filter(() => random(3) === 0));
    const requests = new Map(
      names.map((name) => [
        name,
        hosts.slice(0, random(hosts.length + 1)).map((host) => {
          const ip = `192.168.7.${next++}`;
          lists.get(host)!.push(ip);
          return ip;
        }),
      ]),
    );
    const nodes = hosts.map((name, index) => make.node(name, `192.168.7.1${index}`));
    const policies = names
      .filter(() => random(2) === 0)
      .map((name) =>
        make.policy(name, 'default', [
          ['Allow', '203.0.113.0/24'],
          ['Deny', '198.51.100.0/24'],
        ]),
      );
    const sdn = [
      ...hosts.map((name, index) =>
        make.hostSubnet(name, `192.168.7.1${index}`, {
          egressIPs: lists.get(name),
          ...(automatic.has(name) ? { egressCIDRs: ['192.168.7.0/24'] } : {}),
        }),
      ),
      ...names.map((name, index) => make.netNamespace(name, 10 + index, { egressIPs: requests.get(name) })),
      ...policies,
    ];
    const { changes } = toOVN(snapshotOf([...nodes, ...names.map((name) => make.namespace(name)), ...sdn]), {
      ...options,
      machineNetworks: ['192.168.7.0/24'],
    });
    const made = changes.flatMap((change) => (change.action === 'apply' ? [change.object] : []));
    const labeled = nodes.map((node) => ({
      ...node,
      metadata: {
        ...node.metadata,
        ...made.find(({ kind, metadata }) => kind === 'Node' && metadata.name === node.metadata.name)?.metadata,
      },
    }));
    const alone = back([
      ...labeled,
      ...names.map((name) => make.namespace(name)),
      ...made.filter(({ kind }) => kind !== 'Node'),
    ]);
    expect({ seed, requests: alone.requests }).toEqual({
      seed,
      requests: Object.fromEntries([...requests].filter(([, ips]) => ips.length > 0)),
    });
    const manual = [...lists].filter(([name, ips]) => !automatic.has(name) && ips.length > 0);
    expect({
      seed,
      lists: Object.fromEntries(Object.entries(alone.lists).filter(([, ips]) => ips !== undefined)),
    }).toEqual({ seed, lists: Object.fromEntries(manual) });
    expect(
      Object.entries(alone.cidrs)
        .filter(([, cidrs]) => cidrs !== undefined)
        .map(([name]) => name),
    ).toEqual([...automatic].sort());
    expect(Object.keys(alone.rules).sort()).toEqual(policies.map(({ metadata }) => metadata.namespace).sort());
    expect(alone.codes).toEqual([]);
  }
});
