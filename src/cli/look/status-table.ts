/** Formats the status of a cluster for a terminal: what is wrong first. */
import { hostSubnets, netNamespaces } from '../../../api/kinds.ts';
import type { CidrUse, ControllerReport, NodeStatus } from '../../model/cluster/node-status.ts';
import type { Standing } from '../../model/cluster/standing.ts';
import type { Status, StatusRow } from '../../model/cluster/summary.ts';
import { listText } from '../../model/values/list-text.ts';
import { aligned } from '../aligned.ts';

const footer =
  "Not covered by egress IPs: pods on the host's network, answers to connections from outside, and traffic that a Service rewrote (node address).";

const nothing = '-';

const isFine = ({ inUse }: StatusRow): boolean => inUse === true;

function ipTable({ egressIPs, unread }: Status): string {
  if (egressIPs.length === 0) {
    const isWhole = ![hostSubnets, netNamespaces].some(({ kind }) => unread.includes(kind));
    return isWhole
      ? 'no egress IP is requested or listed\n'
      : 'no egress IP is known: see above what could not be read\n';
  }
  const sorted = [...egressIPs.filter((row) => !isFine(row)), ...egressIPs.filter(isFine)];
  const rows = sorted.map(({ egressIP, namespaces, vnid, traffic, node, reason }) => [
    egressIP,
    namespaces.join(',') || nothing,
    vnid === null ? nothing : String(vnid),
    traffic,
    node ?? nothing,
    reason ?? '',
  ]);
  return aligned([['EGRESS IP', 'NAMESPACE', 'VNID', 'TRAFFIC', 'NODE', 'REASON'], ...rows]);
}

function rulesTable({ rules = [] }: Status): string {
  if (rules.length === 0) return '';
  const rows = rules.map(({ namespaces, destinations, except, destinationIPs, podSelector }) => [
    namespaces.join(','),
    destinations?.join(',') ?? 'all',
    except.join(',') || nothing,
    destinationIPs.join(',') || nothing,
    podSelector ?? 'all',
  ]);
  return aligned([['NAMESPACE', 'TAKES EGRESS IP', 'BUT NOT', 'BY NETWORK', 'PODS'], ...rows]);
}

function bandwidthsTable({ bandwidths = [] }: Status): string {
  if (bandwidths.length === 0) return '';
  const rows = bandwidths.map(({ namespaces, bandwidth }) => [namespaces.join(','), bandwidth]);
  return aligned([['NAMESPACE', 'BANDWIDTH OF EACH EGRESS IP'], ...rows]);
}

function drainsTable({ drains = [] }: Status): string {
  if (drains.length === 0) return '';
  const rows = drains.map(({ egressIP, namespaces, from, to, until }) => [
    ...[egressIP, namespaces.join(','), from, to ?? nothing, until],
  ]);
  return aligned([['DRAINS', 'NAMESPACE', 'FROM', 'TO', 'UNTIL'], ...rows]);
}

function placementsTable({ placements = [] }: Status): string {
  if (placements.length === 0) return '';
  const rows = placements.map(({ namespaces, nodeSelectors, isUnreadable, selected, noFailback }) => [
    namespaces.join(','),
    [...nodeSelectors, ...(isUnreadable ? ['(cannot be read)'] : [])].join(' and ') || 'all',
    selected === null ? nothing : listText(selected, 5) || 'none',
    noFailback ? 'stay' : nothing,
  ]);
  return aligned([['NAMESPACE', 'NODE SELECTOR', 'SELECTED NODES', 'NO FAILBACK'], ...rows]);
}

function poolsTable({ pools = [], requests = [] }: Status): string {
  if (pools.length === 0) return '';
  const rows = pools.map(({ pool, size, granted, inUseElsewhere, free, quota, problem }) => [
    ...[pool, String(size), String(granted), String(inUseElsewhere), String(free)],
    quota === null ? nothing : String(quota),
    problem ?? '',
  ]);
  const asking = requests.map(({ namespace, asks, granted, reason }) => [
    ...[namespace, asks === null ? '?' : String(asks), granted.join(',') || nothing],
    reason ?? '',
  ]);
  const tables = [[['EGRESS POOL', 'SIZE', 'GRANTED', 'ELSEWHERE', 'FREE', 'QUOTA', 'PROBLEM'], ...rows]];
  if (asking.length > 0) tables.push([['NAMESPACE', 'ASKS FOR', 'GRANTED', 'REASON'], ...asking]);
  return tables.map((table) => aligned(table)).join('\n');
}

const cidrText = ({ cidr, used, size }: CidrUse): string => `${cidr} (${used} of ${size})`;

/** Whether a node has anything to do with egress IPs, or something of it is not well. */
function isTold({ health, agent, listed, cidrs }: NodeStatus): boolean {
  const isWell = health === 'online' && (agent.state === 'applied' || agent.state === 'none');
  return !isWell || listed > 0 || cidrs.length > 0;
}

function nodeTable(nodes: readonly NodeStatus[], isWide: boolean): string {
  const told = isWide ? nodes : nodes.filter(isTold);
  if (told.length === 0) return '';
  const wide = (...cells: readonly string[]): readonly string[] => (isWide ? cells : []);
  const rows = told.map(({ node, nodeIP, health, reason, egressIPs, listed, capacity, cidrs, agent }) => [
    node,
    nodeIP,
    reason === null ? health : `${health}: ${reason}`,
    capacity === null ? String(listed) : `${listed} of ${capacity}`,
    cidrs.map(cidrText).join(' ') || nothing,
    agent.state === 'none' ? nothing : agent.state,
    ...wide(agent.version ?? nothing, agent.since ?? nothing, egressIPs.join(',') || nothing),
  ]);
  const head = ['NODE', 'ADDRESS', 'HEALTH', 'EGRESS IPS', 'CIDRS', 'AGENT', ...wide('VERSION', 'SINCE', 'IN USE')];
  return aligned([head, ...rows]);
}

function controllerLine({ lease, leader, version, backend, renewed }: ControllerReport): string {
  if (leader === null) return `Lease ${lease}: no controller leads\n`;
  const about = [version ?? 'of a version that it does not say', ...(backend === 'ovn' ? ['on OVN-Kubernetes'] : [])];
  return `Lease ${lease}: ${leader} leads, ${about.join(', ')}, renewed ${renewed ?? 'at a time that it does not say'}\n`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function summary({ egressIPs }: Status, { wrong, unknown }: Standing): string {
  const requested = egressIPs.filter(({ namespaces }) => namespaces.length > 0);
  const used = requested.filter(isFine).length;
  const known = unknown.length === 0 ? '' : `, ${counted(unknown.length, 'thing')} that nobody can tell`;
  return `${used} of ${requested.length} requested egress IPs are in use; ${counted(wrong.length, 'problem')}${known}\n`;
}

/** Above this number, lines are only counted; JSON and YAML have all. */
const most = 20;

function lines(all: readonly string[]): string {
  const shown = all.slice(0, most).map((line) => `  ${line}\n`);
  return [...shown, ...(all.length > most ? [`  and ${all.length - most} more: -o json has all\n`] : [])].join('');
}

/** The status as text: a summary, the problems, then egress IPs and nodes with those that are not well first. */
export function statusTable(status: Status, standing: Standing, isWide: boolean): string {
  const { notes, nodes, controllers } = status;
  const behind = nodes.filter(({ agent }) => agent.state === 'behind');
  const problems = [
    ...notes.map(({ kind, name, code, message }) => `${kind} ${name}: ${code}: ${message}`),
    ...behind.map(({ node, agent }) => `Node ${node}: ${agent.reason ?? ''}`),
    ...standing.unknown,
  ];
  const sections = [
    `${summary(status, standing)}${lines(problems)}`,
    ipTable(status),
    rulesTable(status),
    bandwidthsTable(status),
    drainsTable(status),
    placementsTable(status),
    poolsTable(status),
    nodeTable(nodes, isWide),
    (controllers ?? []).map(controllerLine).join(''),
    `${footer}\n`,
  ];
  return sections.filter((section) => section !== '').join('\n');
}
