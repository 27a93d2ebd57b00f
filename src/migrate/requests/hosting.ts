/** On which nodes OpenShift SDN has an egress IP, or may put it. Pure. */
import type { HostSubnet } from '../../model/objects/hostsubnet.ts';
import { contains, type Ip } from '../../model/values/address.ts';
import { compareText } from '../../model/values/names.ts';

/** The HostSubnets that list each egress IP, sorted by name. */
export function hostsByIP(hostSubnets: readonly HostSubnet[]): ReadonlyMap<Ip, readonly HostSubnet[]> {
  const pairs = hostSubnets.flatMap((host) => host.egressIPs.map((ip) => ({ ip, host })));
  return new Map(
    [...Map.groupBy(pairs, ({ ip }) => ip)].map(([ip, found]) => [
      ip,
      found.map(({ host }) => host).sort((a, b) => compareText(a.name, b.name)),
    ]),
  );
}

/** The only node that lists an egress IP, if an admin chose it. */
export function pinnedTo([host, ...others]: readonly HostSubnet[]): HostSubnet | undefined {
  return others.length === 0 && host?.egressCIDRs.length === 0 ? host : undefined;
}

/** Whether OpenShift SDN alone assigns an egress IP that these nodes list. */
export function isAutomatic(hosts: readonly HostSubnet[]): boolean {
  return hosts.every(({ egressCIDRs }) => egressCIDRs.length > 0);
}

export interface Hosting {
  /** The HostSubnets that list the IP, sorted by name. */
  readonly hostsOf: (ip: Ip) => readonly HostSubnet[];
  /**
   * Names of the nodes that may have the IP, sorted: those on which an admin put it, otherwise those whose egressCIDRs
   * hold it. Equal answers share one list.
   */
  readonly nodesOf: (ip: Ip) => readonly string[];
}

/** The hosting of all egress IPs by nodes that exist. */
export function hostingOf(all: readonly HostSubnet[], exists: (node: string) => boolean): Hosting {
  const hosts = hostsByIP(all);
  const hostsOf = (ip: Ip): readonly HostSubnet[] => hosts.get(ip) ?? [];
  const there = all.filter(({ name }) => exists(name));
  const pools = [...Map.groupBy(there, ({ egressCIDRs }) => egressCIDRs.map(({ text }) => text).join()).values()].map(
    (group) => ({ cidrs: group[0]?.egressCIDRs ?? [], names: group.map(({ name }) => String(name)) }),
  );
  const lists = new Map<string, readonly string[]>();
  const shared = (names: readonly string[]): readonly string[] => {
    const sorted = [...new Set(names)].sort(compareText);
    const key = sorted.join();
    const known = lists.get(key) ?? sorted;
    lists.set(key, known);
    return known;
  };
  return {
    hostsOf,
    nodesOf: (ip) => {
      const listed = hostsOf(ip);
      const chosen = listed.filter(({ egressCIDRs }) => egressCIDRs.length === 0);
      const within = pools.filter(({ cidrs }) => cidrs.some((cidr) => contains(cidr, ip)));
      const names = chosen.length > 0 ? chosen.map(({ name }) => name) : within.flatMap((pool) => pool.names);
      return shared(names.length > 0 ? names.filter(exists) : listed.map(({ name }) => name).filter(exists));
    },
  };
}
