import { toOVN } from '../../src/migrate/targets/ovn/translate.ts';
import type { Translation } from '../../src/migrate/translation.ts';
import { clusterOf } from '../../src/model/cluster/cluster.ts';
import { egressState } from '../../src/model/egress/state.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { hostSubnetShape, netNamespaceShape } from '../../src/model/objects/shapes.ts';
import type { Result } from '../../src/model/values/result.ts';
import { generator } from '../random.ts';
import { rounds } from '../rounds.ts';
import { contextFrom, make, options, snapshotOf } from './snapshots.ts';

type Random = (limit: number) => number;

const pool = [
  ...Array.from({ length: 12 }, (_, index) => `192.168.7.${200 + index}`),
  '192.168.7.100',
  '192.168.7.101',
  '10.9.9.9',
  '192.168.7.07',
  'fe80::1',
  '',
];
const cidrs = ['192.168.7.192/27', '192.168.7.0/24', '192.168.7.200/31', '192.168.7.9/24'];
const some = <T>(random: Random, items: readonly T[], most: number): T[] =>
  Array.from({ length: random(most + 1) }, () => items[random(items.length)]!);

function randomCluster(random: Random): readonly KubeObject[] {
  const objects: KubeObject[] = [make.clusterNetwork(random(3) === 0 ? 'redhat/openshift-ovs-multitenant' : undefined)];
  for (let index = 0; index < 4; index++) {
    const ip = `192.168.7.${100 + index}`;
    const metadata = {
      ...(random(4) > 0
        ? { annotations: { 'k8s.ovn.org/node-primary-ifaddr': JSON.stringify({ ipv4: `${ip}/${24 + random(3)}` }) } }
        : {}),
      ...(random(8) === 0 ? { labels: { 'k8s.ovn.org/egress-assignable': '' } } : {}),
    };
    const node = make.node(`w${index}`, ip, metadata);
    if (random(6) > 0)
      objects.push(
        random(5) === 0 ? { ...node, ...{ status: { conditions: [{ type: 'Ready', status: 'False' }] } } } : node,
      );
    if (random(6) > 0)
      objects.push(
        make.hostSubnet(`w${index}`, ip, {
          egressIPs: some(random, pool, 3),
          egressCIDRs: random(2) === 0 ? some(random, cidrs, 2) : null,
        }),
      );
  }
  for (let index = 0; index < 6; index++) {
    const name = `p${index}`;
    if (random(8) > 0) objects.push(make.namespace(name));
    objects.push(make.netNamespace(name, random(10) === 0 ? -1 : 10 + random(7), { egressIPs: some(random, pool, 3) }));
    if (random(4) === 0) objects.push(make.policy(name, 'default', [['Deny', '0.0.0.0/0']]));
  }
  return objects;
}

interface WithIPs {
  readonly spec: {
    readonly egressIPs: readonly string[];
    readonly namespaceSelector: {
      readonly matchLabels?: Readonly<Record<string, string>>;
      readonly matchExpressions?: readonly { readonly values: readonly string[] }[];
    };
  };
}

const egressIPsOf = ({ changes }: Translation): readonly (KubeObject & WithIPs)[] =>
  changes.flatMap((change) =>
    change.action === 'apply' && change.object.kind === 'EgressIP' ? [change.object as KubeObject & WithIPs] : [],
  );
const selectedBy = ({ spec: { namespaceSelector } }: WithIPs): readonly string[] => [
  ...Object.values(namespaceSelector.matchLabels ?? {}),
  ...(namespaceSelector.matchExpressions?.[0]?.values ?? []),
];
const valid = <T>(object: KubeObject, shape: (value: unknown) => Result<T, unknown>): T[] => {
  const shaped = shape(object);
  return shaped.ok ? [shaped.value] : [];
};

function check(
  seed: number,
  what: (cluster: readonly KubeObject[], translation: Translation, context: string) => void,
): void {
  const objects = randomCluster(generator(seed * 15_485_863));
  what(objects, toOVN(snapshotOf(objects), options), JSON.stringify({ seed, objects }));
}

const requested = (object: KubeObject): readonly string[] =>
  valid(object, netNamespaceShape).flatMap(({ egressIPs }) => egressIPs ?? []);
const netNamespacesOf = (objects: readonly KubeObject[]): readonly KubeObject[] =>
  objects.filter(({ kind }) => kind === 'NetNamespace');

test('no IP is lost: each that is requested is in an EgressIP that selects its namespace, or in a finding on it', () => {
  for (let seed = 1; seed <= rounds(4_000); seed++) {
    check(seed, (objects, translation, context) => {
      for (const object of netNamespacesOf(objects)) {
        const name = object.metadata.name ?? '';
        for (const ip of requested(object)) {
          const isMade = egressIPsOf(translation).some(
            (one) => one.spec.egressIPs.includes(ip) && selectedBy(one).includes(name),
          );
          const isSaid = translation.findings.some(
            (one) =>
              one.kind === 'NetNamespace' &&
              one.name === name &&
              (one.code === 'NetNamespaceInvalid' || `${one.today} ${one.tomorrow}`.includes(ip)),
          );
          if (!isMade && !isSaid) expect({ lost: ip, name, context }).toBeUndefined();
        }
      }
    });
  }
});

test('no IP is invented, none is in two EgressIPs, and none is a node address or unreadable', () => {
  for (let seed = 1; seed <= rounds(4_000); seed++) {
    check(seed, (objects, translation, context) => {
      const all = new Set(netNamespacesOf(objects).flatMap(requested));
      const made = egressIPsOf(translation).flatMap(({ spec }) => spec.egressIPs);
      expect({
        context,
        invented: made.filter(
          (ip) => !all.has(ip) || (/^192\.168\.7\.10\d$|:|^$|\.0\d/.test(ip) && nodeIPs(objects).has(ip)),
        ),
      }).toEqual({ context, invented: [] });
      expect({ context, count: new Set(made).size }).toEqual({ context, count: made.length });
    });
  }
});

const nodeIPs = (objects: readonly KubeObject[]): ReadonlySet<string> =>
  new Set(objects.flatMap((object) => valid(object, hostSubnetShape).map(({ hostIP }) => hostIP)));

test('every namespace that is dropped has a finding, and no two EgressIPs select one namespace', () => {
  for (let seed = 1; seed <= rounds(4_000); seed++) {
    check(seed, (objects, translation, context) => {
      const raw = {
        hostSubnets: objects
          .filter(({ kind }) => kind === 'HostSubnet')
          .flatMap((object) => valid(object, hostSubnetShape)),
        netNamespaces: netNamespacesOf(objects).flatMap((object) => valid(object, netNamespaceShape)),
        nodes: [],
      };
      const cluster = clusterOf(raw, new Set());
      const state = egressState(cluster);
      const dropped = cluster.netNamespaces
        .filter(({ vnid }) => state.vnids.get(vnid)?.kind === 'dropped')
        .map(({ name }) => String(name));
      const silent = dropped.filter(
        (name) => !translation.findings.some((one) => one.kind === 'NetNamespace' && one.name === name),
      );
      expect({ context, silent }).toEqual({ context, silent: [] });
      const selected = egressIPsOf(translation).flatMap(selectedBy);
      expect({ context, count: new Set(selected).size }).toEqual({ context, count: selected.length });
    });
  }
});

test('a namespace that leaves with an egress IP today and may have none tomorrow has a blocker', () => {
  for (let seed = 1; seed <= rounds(4_000); seed++) {
    check(seed, (objects, translation, context) => {
      const { groups, served } = contextFrom(objects).egress;
      for (const group of groups.filter((one) => one.today.kind === 'via' && one.selected.length > 0 && !served(one))) {
        const blocked = translation.findings.filter(({ severity }) => severity === 'blocker').map(({ name }) => name);
        const silent = !group.members.some(({ name }) => blocked.includes(name));
        if (silent)
          expect({
            silent: group.name,
            findings: translation.findings.filter(({ name }) => group.members.some((one) => one.name === name)),
            context,
          }).toBeUndefined();
      }
    });
  }
});
