/**
 * What a node's host is like beside our own program: kernel settings, links and nft tables that real distributions,
 * firewalls and service proxies leave there. A profile is a value; `furnish.ts` brings it about. Pure.
 */
import {
  connectionMarks,
  iptablesProxy,
  ipvsProxy,
  masqueradeAll,
  packetMarks,
  proxy,
  zoneFirewall,
} from './host-tables.ts';
import type { LabNode } from './layout.ts';

/** The kinds of `lab up --host`, with what each is, as --help and docs/lab.md tell it. */
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

/** Whether a text names a kind. */
export function isHostKind(text: string): text is HostKind {
  return Object.hasOwn(hostKinds, text);
}

export interface HostProfile {
  /** Kernel settings by name. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Further links, as lines for `ip -batch`. */
  readonly links: readonly string[];
  /** nft tables that are there before the agent makes its own. */
  readonly before: readonly string[];
  /** nft tables that come once the agent's are there: of two chains at one priority the later one is asked first. */
  readonly after: readonly string[];
  /** Rules for iptables-nft-restore, there before the agent. */
  readonly iptables: readonly string[];
  /** How many connections the node's own Open vSwitch tracks at most; as it comes when undefined. */
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

/** The interfaces that are there when the settings are made; later ones get those of `default`. */
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

/** systemd's 50-default.conf sets every interface but leaves `all` as the kernel has it. */
const systemd: HostProfile = {
  ...nothing,
  sysctls: new Map([
    ...settings('ipv4', ['all'], { rp_filter: 0 }),
    ...settings('ipv4', present, { rp_filter: 2, accept_source_route: 0, promote_secondaries: 1 }),
    ...ipv6,
  ]),
};

/** Strict everywhere, `all` too; arp_announce is what OpenShift's tuned profile sets. */
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

/** Fewer connections than a busy node has; those of the machine's kernel are not touched. */
const fewConnections = 500;

/** Both at once; where both say something of one setting, the second one. */
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

/** The profile of a node whose host is of all these kinds; of two that set one thing the later one holds. */
export function hostProfile(kinds: readonly HostKind[], node: LabNode): HostProfile {
  return kinds.map((kind) => profileOf(kind, node)).reduce(joined, nothing);
}
