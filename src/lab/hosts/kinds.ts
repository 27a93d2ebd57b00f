/**
 * Profiles of a node's host: kernel settings, links and nft tables that real distributions, firewalls and service
 * proxies leave there. A profile is a value; `furnish.ts` applies it. Pure.
 */
import type { LabNode } from '../layout.ts';
import {
  connectionMarks,
  iptablesProxy,
  ipvsProxy,
  masqueradeAll,
  packetMarks,
  proxy,
  zoneFirewall,
} from './tables.ts';

/** The kinds for `lab up --host`, each with its description in --help and docs/lab.md. */
export const hostKinds = {
  plain: 'nothing of others',
  systemd: 'the kernel settings that systemd leaves (rp_filter 2)',
  rhel: 'those of Red Hat and its kin (rp_filter 1, arp_announce 2)',
  firewalled: "a zone firewall, others' marks, and masquerading before and behind ours",
  connmarked: 'a program that saves and restores the marks of connections',
  proxied: "a service proxy's nftables",
  'proxied-iptables': 'the same by iptables-nft, from the package iptables',
  'proxied-ipvs': 'a proxy that rewrites without conntrack, as IPVS does',
  worst: 'rhel, firewalled and proxied at once, and few connections in Open vSwitch',
} as const;
export type HostKind = keyof typeof hostKinds;

/** Whether a text is the name of a kind. */
export function isHostKind(text: string): text is HostKind {
  return Object.hasOwn(hostKinds, text);
}

export interface HostProfile {
  /** Kernel settings by name. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Further links, as lines for `ip -batch`. */
  readonly links: readonly string[];
  /** nft tables that exist before the agent creates its own. */
  readonly before: readonly string[];
  /** nft tables that are added after the agent's: of two chains at one priority, the later one runs first. */
  readonly after: readonly string[];
  /** Rules for iptables-nft-restore that exist before the agent starts. */
  readonly iptables: readonly string[];
  /** The maximum number of connections in the node's own Open vSwitch; undefined means the default. */
  readonly switchConnections: number | undefined;
}

const nothing: HostProfile = {
  sysctls: new Map(),
  links: [],
  before: [],
  after: [],
  iptables: [],
  switchConnections: undefined,
};

/** The interfaces that exist when the settings are made; later ones get those of `default`. */
const present = ['default', 'lo', 'ens3', 'br-ex'] as const;

function settings(
  family: 'ipv4' | 'ipv6',
  interfaces: readonly string[],
  values: Readonly<Record<string, number>>,
): [string, string][] {
  return interfaces.flatMap((name) =>
    Object.entries(values).map(([key, value]): [string, string] => [
      `net.${family}.conf.${name}.${key}`,
      String(value),
    ]),
  );
}

/** IPv6 is on everywhere, with link-local addresses made from the MAC. */
const ipv6 = settings('ipv6', ['all', ...present], { disable_ipv6: 0 });

/** systemd's 50-default.conf sets every interface but leaves `all` at the kernel's default. */
const systemd: HostProfile = {
  ...nothing,
  sysctls: new Map([
    ...settings('ipv4', ['all'], { rp_filter: 0 }),
    ...settings('ipv4', present, { rp_filter: 2, accept_source_route: 0, promote_secondaries: 1 }),
    ...ipv6,
  ]),
};

/** Strict everywhere, including `all`; arp_announce is as in OpenShift's tuned profile. */
const rhel: HostProfile = {
  ...nothing,
  sysctls: new Map([
    ...settings('ipv4', ['all', ...present], {
      rp_filter: 1,
      accept_source_route: 0,
      promote_secondaries: 1,
      log_martians: 1,
    }),
    ...settings('ipv4', ['all'], { arp_announce: 2 }),
    ...ipv6,
  ]),
};

const firewalled: HostProfile = {
  ...nothing,
  links: ['link add docker0 type bridge', 'addr add 172.17.0.1/16 brd + dev docker0', 'link set docker0 up'],
  before: [
    zoneFirewall,
    packetMarks,
    masqueradeAll('lab_engine', 'srcnat'),
    masqueradeAll('lab_early_engine', 'srcnat - 10'),
  ],
  after: [packetMarks.replace('lab_marks', 'lab_later_marks')],
};

const connmarked: HostProfile = {
  ...nothing,
  before: [connectionMarks],
  after: [connectionMarks.replace('lab_connmark', 'lab_later_connmark')],
};
const proxied: HostProfile = { ...nothing, before: [proxy] };

/** Fewer connections than a busy node has; the limit of the host's kernel is not touched. */
const fewConnections = 500;

/** Both combined; for a setting in both, the second one wins. */
function joined(first: HostProfile, second: HostProfile): HostProfile {
  return {
    sysctls: new Map([...first.sysctls, ...second.sysctls]),
    links: [...new Set([...first.links, ...second.links])],
    before: [...new Set([...first.before, ...second.before])],
    after: [...new Set([...first.after, ...second.after])],
    iptables: [...new Set([...first.iptables, ...second.iptables])],
    switchConnections: second.switchConnections ?? first.switchConnections,
  };
}

function profileOf(kind: HostKind, node: LabNode): HostProfile {
  switch (kind) {
    case 'plain':
      return nothing;
    case 'systemd':
      return systemd;
    case 'rhel':
      return rhel;
    case 'firewalled':
      return firewalled;
    case 'connmarked':
      return connmarked;
    case 'proxied':
      return proxied;
    case 'proxied-iptables':
      return { ...nothing, iptables: [iptablesProxy] };
    case 'proxied-ipvs':
      return { ...nothing, before: [ipvsProxy(node.ip)] };
    case 'worst':
      return { ...[systemd, rhel, firewalled, proxied].reduce(joined), switchConnections: fewConnections };
  }
}

/** The profile of a host of all these kinds; for a setting in several, the last one wins. */
export function hostProfile(kinds: readonly HostKind[], node: LabNode): HostProfile {
  return kinds.map((kind) => profileOf(kind, node)).reduce(joined, nothing);
}
