/** Turns labeled Nodes into HostSubnets that offer egress IPs: by the CIDRs in the annotation, otherwise by list. */
import { apiVersionOf, hostSubnets } from '../../../../api/kinds.ts';
import { parseCidrv4 } from '../../../model/objects/fields.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { type Cidr, compareIps, contains, type Ip } from '../../../model/values/address.ts';
import { jsonIn } from '../../../model/values/json.ts';
import { addressHomeless, keptCIDRsUnreadable } from '../../findings/back.ts';
import type { Finding } from '../../findings/finding.ts';
import { textsAt } from '../../kinds/item.ts';
import type { NodeItem } from '../../kinds/node.ts';
import { objectRef } from '../../ref.ts';
import type { Snapshot } from '../../snapshot.ts';
import { type Change, type Part } from '../../translation.ts';
import { assignableLabel } from '../ovn/marks/annotations.ts';
import { cidrsAnnotation, placedPrefix } from '../ovn/marks/origin.ts';
import type { EgressIPClaim } from './egressips.ts';
import { restoreStep } from './steps.ts';

/** A Node that hosts egress IPs. */
interface Host {
  readonly node: NodeItem;
  readonly name: string;
  readonly cidrs: readonly Cidr[];
}

/** Plans HostSubnets for the way back. `granted`: addresses that some namespace requests, with their EgressIPs. */
export function hostPart(snapshot: Snapshot, granted: ReadonlyMap<Ip, EgressIPClaim>): Part {
  const labeled = snapshot.nodes.filter(({ labels }) => labels[assignableLabel] !== undefined);
  const read = labeled.map(hostOf);
  const hosts = new Map(read.map(({ host }) => [host.name, host]));
  const placed = [...granted].map(([ip, claim]) => ({ ip, claim, node: placeOf(ip, claim, hosts) }));
  const listed = Map.groupBy(placed, ({ node }) => node ?? '');
  const homeless = placed.filter(
    ({ ip, node }) =>
      node === undefined && ![...hosts.values()].some(({ cidrs }) => cidrs.some((cidr) => contains(cidr, ip))),
  );
  return {
    changes: [...hosts.values()].flatMap((host) =>
      changesOf(snapshot, host, (listed.get(host.name) ?? []).map(({ ip }) => ip).sort(compareIps)),
    ),
    findings: [
      ...read.flatMap(({ findings }) => findings),
      ...homeless.map(({ ip, claim }) => addressHomeless({ ...claim.ref, ip })),
    ],
  };
}

function hostOf(node: NodeItem): { readonly host: Host; readonly findings: readonly Finding[] } {
  const { name, annotations } = node;
  const text = annotations[cidrsAnnotation];
  const read = (text === undefined ? [] : keptCIDRs(text)).map(parseCidrv4);
  const cidrs = read.flatMap((cidr) => (cidr.ok ? [cidr.value] : []));
  const isWhole = text === undefined || (read.length > 0 && cidrs.length === read.length);
  const finding = keptCIDRsUnreadable({
    node: name,
    annotation: cidrsAnnotation,
    text: text ?? '',
    isPartly: cidrs.length > 0,
  });
  return { host: { node, name, cidrs }, findings: isWhole ? [] : [finding] };
}

function keptCIDRs(text: string): readonly string[] {
  // the finding reports what is not JSON
  return textsAt(jsonIn(text), 'EgressCIDRs');
}

/**
 * The node that our label names for the address, else the one that has it. Undefined if the SDN controller assigns it.
 */
function placeOf(
  ip: Ip,
  { egressIP: { labels, assigned } }: EgressIPClaim,
  hosts: ReadonlyMap<string, Host>,
): string | undefined {
  const candidates = [labels[`${placedPrefix}${ip}`], assigned.get(ip)];
  const [first] = candidates.filter((name) => name !== undefined && hosts.has(name));
  return first === undefined || (hosts.get(first)?.cidrs.length ?? 0) > 0 ? undefined : first;
}

function changesOf(snapshot: Snapshot, { node, name, cidrs }: Host, ips: readonly Ip[]): readonly Change[] {
  const fields = cidrs.length > 0 ? { egressCIDRs: cidrs.map(({ text }) => text) } : { egressIPs: ips };
  const object: KubeObject = {
    apiVersion: apiVersionOf(hostSubnets),
    kind: hostSubnets.kind,
    metadata: { name },
    ...fields,
  };
  const annotations =
    node.annotations[cidrsAnnotation] === undefined ? {} : { annotations: { [cidrsAnnotation]: null } };
  const isOffering = cidrs.length + ips.length > 0;
  return [
    ...(isOffering
      ? [
          {
            action: 'apply',
            step: restoreStep(snapshot, hostSubnets, name),
            object,
            from: [objectRef(node.object)],
          } as const,
        ]
      : []),
    {
      action: 'clear',
      step: 'finalize',
      object: objectRef(node.object),
      patch: { metadata: { labels: { [assignableLabel]: null }, ...annotations } },
    },
  ];
}
