/** Changes that an admin can try out on a cluster before making them. */
import { lostText } from '../allocation/hostsubnets.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { parseCidrv4, parseIpv4 } from '../objects/fields.ts';
import type { HostSubnet } from '../objects/hostsubnet.ts';
import type { NetNamespace } from '../objects/netnamespace.ts';
import { type NodeSelector, parseNodeSelector, type Placement } from '../objects/placement.ts';
import type { Cidr, Ip } from '../values/address.ts';
import { err, ok, type Result } from '../values/result.ts';

export type SimulatedChange =
  | { readonly kind: 'nodeDown' | 'nodeUp'; readonly node: string }
  | { readonly kind: 'addEgressIP' | 'removeEgressIP'; readonly namespace: string; readonly egressIP: Ip }
  | { readonly kind: 'setNodeSelector'; readonly namespace: string; readonly nodeSelector: NodeSelector | undefined }
  | { readonly kind: 'noFailback'; readonly namespace: string }
  | { readonly kind: 'setCIDRs'; readonly node: string; readonly cidrs: readonly Cidr[] };

/** Parses `NAMESPACE=IP` as a change of this kind; the error says which part is wrong. */
export function parseEgressIPChange(kind: 'addEgressIP' | 'removeEgressIP', text: string): Result<SimulatedChange> {
  const { name, rest } = split(text);
  if (name === '' || rest === undefined) return err(`${JSON.stringify(text)} is not NAMESPACE=IP`);
  const egressIP = parseIpv4(rest);
  return egressIP.ok ? ok({ kind, namespace: name, egressIP: egressIP.value }) : egressIP;
}

/** Parses `NODE=CIDR,CIDR` as a change; with nothing after `=` the node loses its CIDRs. */
export function parseCIDRsChange(text: string): Result<SimulatedChange> {
  const { name, rest } = split(text);
  if (name === '' || rest === undefined) return err(`${JSON.stringify(text)} is not NODE=CIDR,CIDR`);
  const cidrs: Cidr[] = [];
  for (const part of rest === '' ? [] : rest.split(',')) {
    const cidr = parseCidrv4(part);
    if (!cidr.ok) return cidr;
    cidrs.push(cidr.value);
  }
  return ok({ kind: 'setCIDRs', node: name, cidrs });
}

/** Parses `NAMESPACE=SELECTOR` as a change; with nothing after `=` the namespace loses its selector. */
export function parseNodeSelectorChange(text: string): Result<SimulatedChange> {
  const { name, rest } = split(text);
  if (name === '' || rest === undefined) return err(`${JSON.stringify(text)} is not NAMESPACE=SELECTOR`);
  if (rest === '') return ok({ kind: 'setNodeSelector', namespace: name, nodeSelector: undefined });
  const nodeSelector = parseNodeSelector(rest);
  return nodeSelector.ok
    ? ok({ kind: 'setNodeSelector', namespace: name, nodeSelector: nodeSelector.value })
    : nodeSelector;
}

function split(text: string): { readonly name: string; readonly rest: string | undefined } {
  const at = text.indexOf('=');
  return at < 0 ? { name: text, rest: undefined } : { name: text.slice(0, at), rest: text.slice(at + 1) };
}

/** Applies the changes to the cluster in order; the error names what does not exist. */
export function changedCluster(cluster: Cluster, changes: readonly SimulatedChange[]): Result<Cluster> {
  let now = cluster;
  for (const change of changes) {
    const next = changeOnce(now, change);
    if (!next.ok) return next;
    now = next.value;
  }
  return ok(now);
}

function changeOnce(cluster: Cluster, change: SimulatedChange): Result<Cluster> {
  switch (change.kind) {
    case 'nodeDown':
    case 'nodeUp': {
      const host = findHost(cluster, change.node);
      return host.ok ? ok(withHealth(cluster, host.value.hostIP, change.kind === 'nodeDown')) : host;
    }
    case 'setCIDRs': {
      const host = findHost(cluster, change.node);
      if (!host.ok) return host;
      const next: HostSubnet = { ...host.value, egressCIDRs: change.cidrs };
      return ok({ ...cluster, hostSubnets: cluster.hostSubnets.map((one) => (one === host.value ? next : one)) });
    }
    case 'addEgressIP':
    case 'removeEgressIP':
      return withNamespace(cluster, change.namespace, (one) =>
        withRequest(one, change.egressIP, change.kind === 'addEgressIP'),
      );
    case 'setNodeSelector':
      return withNamespace(cluster, change.namespace, (one) => ok(placed(one, { nodeSelector: change.nodeSelector })));
    case 'noFailback':
      return withNamespace(cluster, change.namespace, (one) => ok(placed(one, { stays: true })));
  }
}

/** The cluster with another NetNamespace instead of the one of that name. */
function withNamespace(
  cluster: Cluster,
  name: string,
  changed: (namespace: NetNamespace) => Result<NetNamespace>,
): Result<Cluster> {
  const namespace = cluster.netNamespaces.find((one) => one.name === name);
  if (namespace === undefined) return err(`there is no NetNamespace ${name}`);
  const next = changed(namespace);
  if (!next.ok) return next;
  return ok({ ...cluster, netNamespaces: cluster.netNamespaces.map((one) => (one === namespace ? next.value : one)) });
}

function placed(namespace: NetNamespace, changed: Partial<Placement>): NetNamespace {
  const before: Placement = namespace.placement ?? { nodeSelector: undefined, stays: false, problems: [] };
  return { ...namespace, placement: { ...before, ...changed } };
}

function findHost(cluster: Cluster, node: string): Result<HostSubnet> {
  const host = cluster.hostSubnets.find(({ name }) => name === node);
  if (host !== undefined) return ok(host);
  const lost = cluster.lostSubnets.find(({ loser }) => loser.name === node);
  if (lost !== undefined) return err(`HostSubnet ${node} counts as absent: its subnet ${lostText(lost)}`);
  const invalid = cluster.invalidHostSubnets.find(({ name }) => name === node);
  if (invalid === undefined) return err(`there is no HostSubnet ${node}`);
  const [{ field, reason }] = invalid.problems;
  return err(`HostSubnet ${node} is not valid: ${field} ${reason}`);
}

function withHealth(cluster: Cluster, nodeIP: Ip, offline: boolean): Cluster {
  const others = [...cluster.offline].filter((ip) => ip !== nodeIP);
  return { ...cluster, offline: new Set(offline ? [...others, nodeIP] : others) };
}

function withRequest(namespace: NetNamespace, egressIP: Ip, add: boolean): Result<NetNamespace> {
  const others = namespace.egressIPs.filter((ip) => ip !== egressIP);
  if (add) return ok({ ...namespace, egressIPs: [...others, egressIP] });
  if (others.length === namespace.egressIPs.length)
    return err(`NetNamespace ${namespace.name} does not request ${egressIP}`);
  return ok({ ...namespace, egressIPs: others });
}
