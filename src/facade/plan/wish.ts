/**
 * What NetNamespaces, HostSubnets and EgressNetworkPolicies ask of OVN-Kubernetes, VNID by VNID: the migrator's
 * translation of a part of the cluster. Pure.
 */
import { hasObject } from '../../migrate/requests/groups.ts';
import { isAutomatic, pinnedTo } from '../../migrate/requests/hosting.ts';
import type { Snapshot } from '../../migrate/snapshot.ts';
import { isolationPart, type IsolationPolicy } from '../../migrate/targets/ovn/cluster/isolation.ts';
import { multicastNamespaces } from '../../migrate/targets/ovn/cluster/multicast.ts';
import { type Context, contextOf, type Hosts, hostsOf } from '../../migrate/targets/ovn/context.ts';
import { egressIPOf } from '../../migrate/targets/ovn/egressips/part.ts';
import type { EgressIP } from '../../migrate/targets/ovn/egressips/rivals.ts';
import { firewallPart } from '../../migrate/targets/ovn/firewall/part.ts';
import { closedRules, type EgressFirewall, type FirewallRule } from '../../migrate/targets/ovn/firewall/rules.ts';
import type { EgressGroup } from '../../migrate/targets/ovn/groups.ts';
import type { Ip } from '../../model/values/address.ts';
import type { Vnid } from '../../model/values/vnid.ts';
import type { IsolationWish } from './isolation.ts';

/** What the admin asks for one VNID. */
export interface Wish {
  readonly vnid: Vnid;
  /** Whether one of its namespaces requests something, usable or not: then it may leave with nothing else. */
  readonly isAsking: boolean;
  /** Undefined if no address can be in use. */
  readonly egressIP: EgressIP | undefined;
  /** The node on which an admin wants each address; absent if any that fits will do. */
  readonly pinned: ReadonlyMap<string, string>;
  /** Its namespaces that exist and do not end, each with what it asks for besides. */
  readonly namespaces: ReadonlyMap<string, NamespaceWish>;
  /** The rules that close a namespace of it. */
  readonly closedRules: readonly FirewallRule[];
}

export interface NamespaceWish {
  /** The rules of its EgressNetworkPolicy; undefined if it has none. */
  readonly rules: readonly FirewallRule[] | undefined;
  readonly multicast: boolean;
  readonly isolation: IsolationWish;
}

export interface WishOptions {
  /** Prefix of the names of EgressIPs. */
  readonly prefix: string;
  /** Whether policies that deny everything go on to allow the nodes and the API server, as they do under OpenShift SDN. */
  readonly allowAPIServer: boolean;
  /** Whether the address stays requested although no HostSubnet offers it, since it is unknown whether one does. */
  readonly isUnsettled: (ip: Ip) => boolean;
  /** Whether the namespace ends: its pods keep their address, but nothing can be made in it. */
  readonly isEnding?: (namespace: string) => boolean;
}

/** What the HostSubnets and Nodes of a snapshot say, for any number of wishes. */
export function offersIn(snapshot: Snapshot): Hosts {
  return hostsOf(snapshot, { machineNetworks: [] });
}

/** The wishes for these VNIDs; `hosts` is what `offersIn` says of the snapshot. The snapshot must have all that has to do with them, and all HostSubnets and Nodes. */
export function wishesOf(
  snapshot: Snapshot,
  vnids: Iterable<Vnid>,
  { isUnsettled, isEnding = () => false, hosts, ...options }: WishOptions & { readonly hosts?: Hosts | undefined },
): ReadonlyMap<Vnid, Wish> {
  const whole = {
    ...options,
    ...{ only: [], namespaces: [], machineNetworks: [] },
    ...{ keepClosed: false, denyAPIServer: false, keepPlacement: false },
  };
  const context = contextOf(snapshot, whole, hosts);
  const groups = new Map(context.egress.groups.map((group) => [group.vnid, group]));
  const rules = new Map(firewallsIn(context).map(({ metadata, spec }) => [metadata.namespace ?? '', spec.egress]));
  const multicast = new Set(multicastNamespaces(context));
  const closed = closedRules(context);
  const isolated = isolationIn(context);
  return new Map(
    [...vnids].map((vnid): [Vnid, Wish] => {
      const group = servable(groups.get(vnid), context, isUnsettled);
      const names = context.namespacesOf(vnid).filter((name) => context.exists(name) && !isEnding(name));
      return [
        vnid,
        {
          vnid,
          isAsking: groups.has(vnid),
          egressIP: group !== undefined && hasObject(group) ? egressIPOf(group, context) : undefined,
          pinned: pinnedIn(group, context),
          namespaces: new Map(
            names.map(
              (name) =>
                [name, { rules: rules.get(name), multicast: multicast.has(name), isolation: isolated(name) }] as const,
            ),
          ),
          closedRules: closed,
        },
      ];
    }),
  );
}

const none = { kind: 'none' } as const;

/** Says what becomes of the isolation of each namespace. */
function isolationIn(context: Context): (namespace: string) => IsolationWish {
  // without the ClusterNetwork nothing tells which plugin is meant
  if (context.network === undefined) return () => ({ kind: 'unknown' });
  const policies = new Map(
    isolationPart(context).changes.flatMap((change) =>
      change.action === 'apply' && isPolicy(change.object)
        ? [[change.object.metadata.namespace ?? '', change.object] as const]
        : [],
    ),
  );
  return (namespace) => {
    const policy = policies.get(namespace);
    return policy === undefined ? none : { kind: 'policy', policy };
  };
}

function isPolicy(object: object): object is IsolationPolicy {
  return 'spec' in object;
}

function firewallsIn(context: Context): readonly EgressFirewall[] {
  return firewallPart(context).changes.flatMap((change) =>
    change.action === 'apply' && isFirewall(change.object) ? [change.object] : [],
  );
}

function isFirewall(object: object): object is EgressFirewall {
  return 'spec' in object;
}

/** The group without the addresses that OpenShift SDN would put on no node. */
function servable(
  group: EgressGroup | undefined,
  { egress }: Context,
  isUnsettled: (ip: Ip) => boolean,
): EgressGroup | undefined {
  if (group === undefined) return undefined;
  const egressIPs = group.egressIPs.filter((ip) => {
    const hosts = egress.hostsOf(ip);
    if (pinnedTo(hosts) !== undefined || isUnsettled(ip)) return true;
    return isAutomatic(hosts) && egress.within(ip).length > 0;
  });
  return egressIPs.length === group.egressIPs.length ? group : { ...group, egressIPs };
}

function pinnedIn(group: EgressGroup | undefined, { egress }: Context): ReadonlyMap<string, string> {
  return new Map(
    (group?.egressIPs ?? []).flatMap((ip): [string, string][] => {
      const host = pinnedTo(egress.hostsOf(ip));
      return host === undefined ? [] : [[ip, host.name]];
    }),
  );
}
