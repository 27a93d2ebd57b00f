import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dump } from 'js-yaml';
import { packTar } from 'modern-tar';
import { crds } from '../../../api/crds.ts';
import {
  clusterNetworks,
  configMaps,
  egressNetworkPolicies,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  networkConfigs,
  nodes,
  podDisruptionBudgets,
  pods,
} from '../../../api/kinds.ts';
import { problemText } from '../../../src/io/input/manifests.ts';
import type { KubeClient, ListOptions } from '../../../src/io/kube/client.ts';
import { openKube } from '../../../src/io/kube/config.ts';
import { ApiError } from '../../../src/io/kube/error.ts';
import { ovnDefinitions } from '../../../src/lab/ovn/definitions.ts';
import { snapshotFromFiles } from '../../../src/migrate/input/files.ts';
import { gatheredFiles, gatheredKinds } from '../../../src/migrate/input/gather.ts';
import { snapshotOf } from '../../../src/migrate/input/make-snapshot.ts';
import { readServer, snapshotFromServer } from '../../../src/migrate/input/server.ts';
import { inventoryOf } from '../../../src/migrate/input/source.ts';
import { makePlan } from '../../../src/migrate/plan/make.ts';
import type { Plan } from '../../../src/migrate/plan/plan.ts';
import { objectsOf, type Snapshot, type Unread } from '../../../src/migrate/snapshot.ts';
import { oldPlugin, wanted } from '../../../src/migrate/targets.ts';
import { ovn } from '../../../src/migrate/targets/ovn/target.ts';
import { toOVN } from '../../../src/migrate/targets/ovn/translate.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { credentialsOf, logger, start, type Started } from '../../apiserver/started.ts';
import { clusters } from '../clusters.ts';
import { clusterCRDs } from '../crds.ts';
import { make, options } from '../snapshots.ts';

const folder = mkdtempSync(join(tmpdir(), 'migrate-read-'));
afterAll(() => rmSync(folder, { recursive: true }));

const reading = { ...wanted, needed: oldPlugin.makesItself, progress: () => undefined };

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function read(...paths: string[]): Promise<Snapshot> {
  const snapshot = await snapshotFromFiles(paths, reading);
  if (!snapshot.ok) throw new Error(problemText(snapshot.error));
  return snapshot.value;
}

async function problem(...paths: string[]): Promise<string> {
  const snapshot = await snapshotFromFiles(paths, reading);
  return snapshot.ok ? 'none' : problemText(snapshot.error).replaceAll(`${folder}/`, '');
}

const planOfAll = (snapshot: Snapshot): Plan =>
  makePlan(snapshot, { tool: 'test', target: ovn, options: { ...options }, strict: false }).plan;

const objects = clusters['egress routers'].objects;
const list = (items: readonly unknown[]): object => ({ apiVersion: 'v1', kind: 'List', items });

describe('files', () => {
  test('lists, documents, trees, gzip and YAML give the same snapshot', async () => {
    const expected = await read(file('list.json', JSON.stringify(list(objects))));
    expect(inventoryOf(expected).map(({ kind, count }) => `${kind} ${count}`)).toEqual([
      'ClusterNetwork 1',
      'Deployment 1',
      'HostSubnet 1',
      'Namespace 4',
      'NetNamespace 3',
      'Node 1',
      'Pod 2',
    ]);
    const documents = file(
      'documents.yaml',
      objects.map((object) => `---\n${dump(object, { noRefs: true })}`).join(''),
    );
    for (const [index, object] of objects.entries())
      file(`gather/cluster/x/${index}.yaml`, dump(object, { noRefs: true }));
    file('gather/pods/log.txt', 'kind: HostSubnet [');
    const packed = file('packed.json.gz', gzipSync(JSON.stringify(list(objects.toReversed()))));
    for (const paths of [[documents], [join(folder, 'gather')], [packed], [documents, packed]])
      expect(await read(...paths)).toEqual(expected);
  });

  test('links, archives in a folder and UTF-16 are read as what they are', async () => {
    const expected = await read(file('list.json', JSON.stringify(list(objects))));
    const text = JSON.stringify(list(objects));
    const tar = await packTar([
      { header: { name: 'must-gather/x/a.json', size: text.length, type: 'file' }, body: text },
    ]);
    file('archives/one.tar', Buffer.from(tar));
    file('packed/one.tgz', gzipSync(tar));
    file('utf/list.json', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]));
    file('real/deep/list.json', text);
    mkdirSync(join(folder, 'linked'));
    symlinkSync('../real', join(folder, 'linked/folder'));
    symlinkSync('../../linked', join(folder, 'real/deep/back')); // a circle
    symlinkSync('../list.json', join(folder, 'linked/file.json'));
    for (const path of ['archives', 'packed', 'utf', 'linked', 'archives/one.tar'])
      expect(await read(join(folder, path))).toEqual(expected);
  });

  test('of two dumps of different days the newer version counts, and each older one is a duplicate', async () => {
    const dumped = (netid: number, version: string) => ({
      ...make.netNamespace('red', netid, {}, { resourceVersion: version }),
    });
    const policies = (cidr: string, version: string) =>
      make.any(
        'network.openshift.io/v1',
        'EgressNetworkPolicy',
        { name: 'p', namespace: 'red', resourceVersion: version },
        { spec: { egress: [{ type: 'Deny', to: { cidrSelector: cidr } }] } },
      );
    file('days/a.json', JSON.stringify(list([dumped(11, '90'), policies('192.0.2.0/24', '91')])));
    file('days/b.json', JSON.stringify(list([dumped(11, '90'), policies('0.0.0.0/0', '1000')])));
    const { egressPolicies, duplicates } = await read(join(folder, 'days'));
    expect(egressPolicies.map(({ rules }) => rules?.map(({ cidrSelector }) => cidrSelector))).toEqual([['0.0.0.0/0']]);
    expect(duplicates).toEqual([
      {
        object: { apiVersion: 'network.openshift.io/v1', kind: 'EgressNetworkPolicy', namespace: 'red', name: 'p' },
        count: 2,
      },
    ]);
  });

  test('files without NetNamespaces or policies say so, unless an empty list shows that there are none', async () => {
    const hosts = make.hostSubnet('w0', '192.168.7.100');
    const lacking = async (...more: readonly object[]): Promise<readonly string[]> =>
      (await read(file('some.json', JSON.stringify(list([hosts, ...more]))))).missing.map(({ kind }) => kind);
    expect(await lacking()).toEqual(['NetNamespace', 'EgressNetworkPolicy']);
    const none = { apiVersion: 'network.openshift.io/v1', kind: 'EgressNetworkPolicyList', items: [] };
    expect(await lacking(make.netNamespace('red', 11), none)).toEqual([]);
  });

  test('what a gather could not read stays unread, unless it was added', async () => {
    const unread: readonly Unread[] = [
      { kind: egressNetworkPolicies, reason: 'forbidden', right: 'list egressnetworkpolicies.network.openshift.io' },
      { kind: pods, reason: 'forbidden', right: 'list pods' },
      { kind: networkConfigs, reason: 'Network cluster: metadata.name is missing', right: undefined },
      { kind: podDisruptionBudgets, reason: 'forbidden', right: 'list poddisruptionbudgets.policy', isMinor: true },
      { kind: configMaps, reason: 'forbidden', right: 'list configmaps in openshift-network-operator', isMinor: true },
      { kind: configMaps, reason: 'forbidden', right: 'get configmap cluster-config-v1 in kube-system' },
    ];
    const kinds = new Map([
      [hostSubnets, [make.hostSubnet('w0', '192.168.7.100')]],
      [netNamespaces, [make.netNamespace('red', 11)]],
    ]);
    const gathered = snapshotOf(kinds, unread);
    file('gathered/index.json', JSON.stringify(gatheredKinds(gathered, wanted), null, 2));
    for (const { path, content } of gatheredFiles(gathered, wanted)) file(`gathered/${path}`, dump(content));
    const snapshot = await read(join(folder, 'gathered'));
    expect(snapshot.unread.map(({ kind, right, isMinor }) => [kind.kind, right, isMinor])).toEqual([
      ['Network', undefined, undefined],
      ['EgressNetworkPolicy', 'list egressnetworkpolicies.network.openshift.io', undefined],
      ['PodDisruptionBudget', 'list poddisruptionbudgets.policy', true],
      ['ConfigMap', 'get configmap cluster-config-v1 in kube-system', undefined],
      ['Pod', 'list pods', undefined],
    ]);
    expect(snapshot.missing).toEqual([]);
    const { findings } = toOVN(snapshot, options);
    expect(
      findings.flatMap(({ code, severity, kind }) => (code === 'IncompleteInput' ? [`${severity} ${kind}`] : [])),
    ).toEqual(expect.arrayContaining(['blocker EgressNetworkPolicy', 'warning Pod', 'warning Network']));
    const added = file('added.json', JSON.stringify(list([make.policy('red', 'p', [])])));
    const whole = await read(join(folder, 'gathered'), added);
    expect(whole.unread.map(({ kind }) => kind.kind)).not.toContain('EgressNetworkPolicy');
    expect(whole.egressPolicies).toHaveLength(1);
  });

  test('every file and object of a wanted kind is read or named', async () => {
    const at = (name: string, content: string | Buffer): string => file(`all/${name}`, content);
    const red = (kind: string, apiVersion: string): object => ({ ...make.netNamespace('odd', 12), kind, apiVersion });
    at('hosts.yaml', dump([make.hostSubnet('w0', '192.168.7.100')]));
    at(
      'lines.ndjson',
      [make.netNamespace('a', 11), make.netNamespace('b', 12)].map((one) => JSON.stringify(one)).join('\n'),
    );
    at('c.txt', dump(make.netNamespace('c', 13)));
    at('d.YAML', dump(make.netNamespace('d', 14)));
    at('odd.json', JSON.stringify(list([red('netnamespace', 'network.openshift.io/v1')])));
    at('older.yaml', dump(red('NetNamespace', 'network.openshift.io/v1beta1')));
    at('none.yaml', dump({ ...red('NetNamespace', ''), apiVersion: undefined }));
    at('other.yaml', dump(red('NetNamespace', 'example.com/v1')));
    at('e.yaml.bz2', 'BZh91AY');
    at('f.txt', 'apiVersion: v1\nkind: NetNamespace\n: [');
    const snapshot = await read(join(folder, 'all'));
    expect(snapshot.netNamespaces.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c', 'd']);
    expect(snapshot.hostSubnets).toHaveLength(1);
    const place = (text: string): string => text.replaceAll(`${folder}/all/`, '');
    expect(snapshot.unread.map(({ kind, reason }) => [kind.kind, place(reason)])).toEqual([
      [
        'NetNamespace',
        'none.yaml: NetNamespace odd: kind is "NetNamespace" and apiVersion missing, not network.openshift.io/v1 NetNamespace',
      ],
      [
        'NetNamespace',
        'odd.json: NetNamespace odd: kind is "netnamespace" and apiVersion "network.openshift.io/v1", not network.openshift.io/v1 NetNamespace',
      ],
      [
        'NetNamespace',
        'older.yaml: NetNamespace odd: kind is "NetNamespace" and apiVersion "network.openshift.io/v1beta1", not network.openshift.io/v1 NetNamespace',
      ],
    ]);
    expect(snapshot.unreadFiles.map((one) => place(one.file))).toEqual(['e.yaml.bz2', 'f.txt']);
    const { findings } = toOVN(snapshot, options);
    const incomplete = findings.filter(({ code }) => code === 'IncompleteInput');
    expect(incomplete.map(({ severity, kind, name }) => `${severity} ${kind} ${place(name)}`)).toEqual(
      expect.arrayContaining(['blocker NetNamespace *', 'warning File e.yaml.bz2', 'warning File f.txt']),
    );
    expect(planOfAll(snapshot).incomplete.map(place)).toContainEqual(
      'e.yaml.bz2: is packed with bzip2, which is not read: unpack it',
    );
    expect(await problem(join(folder, 'all/e.yaml.bz2'))).toBe(
      'all/e.yaml.bz2: is packed with bzip2, which is not read: unpack it',
    );
  });

  test('only egress routers, and the ConfigMaps of their namespaces, are taken of what there is much of', async () => {
    const more = [
      make.any('v1', 'Pod', { name: 'plain', namespace: 'shop' }, { spec: {} }),
      make.any('v1', 'ConfigMap', { name: 'routes', namespace: 'shop' }, { data: {} }),
      make.any('v1', 'ConfigMap', { name: 'other', namespace: 'plain' }, { data: {} }),
      make.any('v1', 'ConfigMap', { name: 'cluster-config-v1', namespace: 'kube-system' }, { data: {} }),
      make.any('v1', 'ConfigMap', { name: 'mtu', namespace: 'openshift-network-operator' }, { data: {} }),
    ];
    const snapshot = await read(file('more.json', JSON.stringify(list([...objects, ...more]))));
    expect(objectsOf(snapshot, pods).map(({ metadata }) => metadata.name)).toEqual(['bare', 'router']);
    expect(objectsOf(snapshot, configMaps).map(({ metadata }) => metadata.name)).toEqual([
      'cluster-config-v1',
      'mtu',
      'routes',
    ]);
  });

  test('the old apiVersion v1 of SDN objects, and items of typed lists, are read as what they are', async () => {
    const old = { ...make.hostSubnet('w0', '192.168.7.100'), apiVersion: 'v1' };
    const { apiVersion, kind, ...item } = make.netNamespace('red', 11);
    const snapshot = await read(
      file('old.json', JSON.stringify(old)),
      file('typed.json', JSON.stringify({ apiVersion, kind: `${kind}List`, items: [item] })),
    );
    expect([...snapshot.objects.keys()]).toEqual([
      'network.openshift.io/v1/HostSubnet',
      'network.openshift.io/v1/NetNamespace',
    ]);
    expect(
      [hostSubnets, netNamespaces]
        .flatMap((one) => objectsOf(snapshot, one))
        .map((object) => `${object.apiVersion} ${object.kind}`),
    ).toEqual(['network.openshift.io/v1 HostSubnet', 'network.openshift.io/v1 NetNamespace']);
  });

  const half = JSON.stringify(list(objects), null, 1);
  test.each([
    ['half a JSON document', 'half.json', half.slice(0, half.length / 2), /^half\.json:\d+: /],
    [
      'half a YAML document',
      'half.yaml',
      'apiVersion: network.openshift.io/v1\nkind: NetNamespace\nmetadata:\n  name: red\nnetid: 11\negressIPs: ["192.',
      /^half\.yaml:6: /,
    ],
    [
      'an object that breaks off',
      'short.yaml',
      'apiVersion: network.openshift.io/v1\nkind: NetNamespace\nmetadata:\n  name: red\n',
      /^short\.yaml:1: netid: is missing$/,
    ],
    [
      'a field of another type',
      'typed.yaml',
      'apiVersion: network.openshift.io/v1\nkind: HostSubnet\nmetadata:\n  name: w0\nhost: w0\nhostIP: 10.0.0.1\nsubnet: 10.128.0.0/24\negressIPs:\n- 7\n',
      /^typed\.yaml:9: egressIPs\[0\]: is not a text$/,
    ],
    [
      'a policy without a namespace',
      'lost.yaml',
      'apiVersion: network.openshift.io/v1\nkind: EgressNetworkPolicy\nmetadata:\n  name: x\nspec: {egress: []}\n',
      /^lost\.yaml:\d: metadata\.namespace: is missing$/,
    ],
    [
      'no object of OpenShift SDN',
      'foreign.yaml',
      'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: red\n',
      /^foreign\.yaml: there is no HostSubnet or NetNamespace in it/,
    ],
    ['nothing', 'empty.yaml', '', /there is no HostSubnet or NetNamespace/],
    [
      'an archive that breaks off',
      'must-gather.tar.gz',
      gzipSync(Buffer.concat([Buffer.alloc(257), Buffer.from('ustar  '), Buffer.alloc(248)])),
      /^must-gather\.tar\.gz: /,
    ],
    [
      'UTF-16 without a byte order mark',
      'windows.yaml',
      Buffer.from('kind: HostSubnet', 'utf16le'),
      /^windows\.yaml: is no text: it has null bytes/,
    ],
    ['a link to nothing', 'links/broken.yaml', undefined, /^links\/broken\.yaml: .*ENOENT/],
    ['broken gzip', 'broken.json.gz', Buffer.from([0x1f, 0x8b, 1, 2, 3]), /^broken\.json\.gz: /],
  ])('%s is refused with its place', async (_, name, content, expected) => {
    if (content === undefined) {
      mkdirSync(join(folder, 'links'), { recursive: true });
      symlinkSync('nowhere', join(folder, name));
    }
    const path = content === undefined ? join(folder, 'links') : file(name, content);
    expect(await problem(path)).toMatch(expected);
  });

  test('in a tree the file is named', async () => {
    file('tree/a.yaml', dump(make.hostSubnet('w0', '192.168.7.100')));
    file('tree/deep/b.yaml', 'apiVersion: network.openshift.io/v1\nkind: HostSubnet\nmetadata: {name: w1\n');
    expect(await problem(join(folder, 'tree'))).toMatch(/^tree\/deep\/b\.yaml:\d: /);
    expect(await problem(join(folder, 'absent'))).toMatch(/^absent: .*no such file/);
  });
});

/** Before a server: forbids lists of some kinds, and breaks off after a number of requests. */
interface Doorkeeper {
  readonly kubeconfig: string;
  forbidden: readonly string[];
  left: number;
  close(): Promise<void>;
}

async function doorkeeper(server: Started): Promise<Doorkeeper> {
  const agent = new https.Agent({ rejectUnauthorized: false, keepAlive: true });
  const { token } = await credentialsOf(server.kubeconfig);
  const target = server.server.url;
  const keeper: Doorkeeper = {
    kubeconfig: join(server.folder, 'keeper'),
    forbidden: [],
    left: Infinity,
    close: () => Promise.resolve(),
  };
  const proxy = http.createServer((request, response) => {
    const plural = /([a-z]+)(\?|$)/.exec(request.url ?? '')?.[1] ?? '';
    if (keeper.left-- <= 0) {
      response.destroy();
      return;
    }
    if (keeper.forbidden.includes(plural)) {
      response
        .writeHead(403, { 'content-type': 'application/json' })
        .end(JSON.stringify({ kind: 'Status', code: 403, reason: 'Forbidden', message: `${plural} is forbidden` }));
      return;
    }
    const upstream = https.request(
      new URL(request.url ?? '/', target),
      { agent, method: request.method ?? 'GET', headers: { ...request.headers, authorization: `Bearer ${token}` } },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(upstream);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  writeFileSync(
    keeper.kubeconfig,
    dump({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'x',
      clusters: [{ name: 'x', cluster: { server: `http://127.0.0.1:${port}` } }],
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
      users: [{ name: 'x', user: { token: 'x' } }],
    }),
  );
  return Object.assign(keeper, {
    close: async () => {
      agent.destroy();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  });
}

describe('a cluster', () => {
  let server: Started;
  let keeper: Doorkeeper;
  const source = clusters.manual.objects.filter(
    ({ kind, metadata }) => !(kind === 'Namespace' && ['default', 'kube-system'].includes(metadata.name ?? '')),
  );
  beforeAll(async () => {
    server = await start({ crds: [...crds, ...clusterCRDs, ...ovnDefinitions] });
    keeper = await doorkeeper(server);
    for (const object of [...source, make.policy('blue', 'default', [['Deny', '198.51.100.0/24']])])
      await server.client.create(
        wanted.kinds.find(({ kind }) => kind === object.kind)!,
        object,
      );
  });
  afterAll(async () => {
    await keeper.close();
    await server.stop();
  });

  async function fromServer(): Promise<
    { readonly ok: true; readonly value: Snapshot } | { readonly ok: false; readonly error: string }
  > {
    const client = await openKube({ kubeconfig: keeper.kubeconfig, logger, userAgent: 'test' });
    return snapshotFromServer(client, reading).finally(() => client.close());
  }

  test('all of it is read, and kinds that are not served are empty', async () => {
    keeper.forbidden = [];
    const snapshot = await fromServer();
    if (!snapshot.ok) throw new Error(snapshot.error);
    expect(snapshot.value.unread).toEqual([]);
    const counts = [clusterNetworks, hostSubnets, netNamespaces, nodes, egressNetworkPolicies].map(
      (kind) => objectsOf(snapshot.value, kind).length,
    );
    expect(counts).toEqual([1, 3, 4, 3, 1]);
    expect(objectsOf(snapshot.value, namespaces).map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['blue', 'plain', 'red']),
    );
    expect(objectsOf(snapshot.value, hostSubnets)[0]).toMatchObject({
      apiVersion: 'network.openshift.io/v1',
      kind: 'HostSubnet',
    });
  });

  test('a kind that is forbidden is named with the right, and the rest is read', async () => {
    keeper.forbidden = ['egressnetworkpolicies', 'pods', 'deployments'];
    const snapshot = await fromServer();
    if (!snapshot.ok) throw new Error(snapshot.error);
    expect(snapshot.value.unread.map(({ right }) => right)).toEqual([
      'list deployments.apps',
      'list egressnetworkpolicies.network.openshift.io',
      'list pods',
    ]);
    expect(objectsOf(snapshot.value, hostSubnets)).toHaveLength(3);
    keeper.forbidden = [];
  });

  test('the MTU of the nodes is asked for by name: it is there, not there, or may not be read', async () => {
    const ref = { name: 'mtu', namespace: 'openshift-network-operator' };
    const map = make.any('v1', 'ConfigMap', ref, { data: { mtu: '1500' } });
    const answers: readonly (() => Promise<KubeObject[]>)[] = [
      () => Promise.resolve([map]),
      () => Promise.resolve([]),
      () => Promise.reject(new ApiError(403, { message: 'no', code: 403 })),
    ];
    const seen = await Promise.all(
      answers.map(async (answer) => {
        const client: KubeClient = {
          ...server.client,
          get: (kind, one, given) => server.client.get(kind, one, given),
          list: async <T extends KubeObject>(kind: Kind, given?: ListOptions) =>
            kind === configMaps && given?.fieldSelector === 'metadata.name=mtu'
              ? { items: (await answer()) as T[], resourceVersion: '1' }
              : server.client.list<T>(kind, given),
        };
        const snapshot = await readServer(client, wanted);
        return [
          snapshot.configMaps.map(({ name }) => name),
          snapshot.notFound.map(({ namespace, name }) => `${namespace}/${name}`),
          snapshot.unread.map(({ right, isMinor }) => [right, isMinor]),
        ];
      }),
    );
    expect(seen).toEqual([
      [['mtu'], [], []],
      [[], ['openshift-network-operator/mtu'], []],
      [[], [], [['list configmaps in openshift-network-operator', true]]],
    ]);
  });

  test('a server that goes away in the middle is an error that names the kind', async () => {
    keeper.left = 3;
    const snapshot = await fromServer();
    keeper.left = Infinity;
    expect(snapshot).toMatchObject({ ok: false, error: expect.stringMatching(/^cannot read [a-z0-9.]+: /) as string });
  });
});

test('a snapshot does not depend on the order of its objects, and has each once', () => {
  const [one, other] = [make.policy('b', 'x', []), make.policy('a', 'y', [])];
  const twice: readonly KubeObject[] = [one, other, one];
  const snapshot = snapshotOf(new Map([[egressNetworkPolicies, twice]]), []);
  expect(objectsOf(snapshot, egressNetworkPolicies)).toEqual([other, one]);
  expect(snapshotOf(new Map([[egressNetworkPolicies, twice.toReversed()]]), [])).toEqual(snapshot);
});
