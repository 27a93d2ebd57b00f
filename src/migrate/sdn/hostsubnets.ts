/** Turns labeled Nodes into HostSubnets that offer egress IPs: by the CIDRs in the annotation, otherwise by list. */
import { apiVersionOf, hostSubnets, nodes } from '../../../api/kinds.ts';
import { type Cidr, compareIps, contains, type Ip } from '../../model/address.ts';
import { parseCidrv4 } from '../../model/fields.ts';
import { asList, asText, fieldOf, isRecord, parseJson } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import { addressHomeless, keptCIDRsUnreadable } from '../findings/back.ts';
import type { Finding } from '../findings/finding.ts';
import { cidrsAnnotation } from '../ovn/cluster/nodes.ts';
import { assignableLabel } from '../ovn/context/annotations.ts';
import { placedPrefix } from '../ovn/egressips/origin.ts';
import { objectRef } from '../ref.ts';
import { objectsOf, type Snapshot } from '../snapshot.ts';
import { type Change, type Part } from '../translation.ts';
import { restoreStep } from './steps.ts';

/** A Node that hosts egress IPs. */
interface Host {
  readonly node: KubeObject;
  readonly name: string;
  readonly cidrs: readonly Cidr[];
}

/** Plans HostSubnets for the way back. `granted`: addresses that some namespace requests, with their EgressIPs. */
export function hostPart(snapshot: Snapshot, granted: ReadonlyMap<Ip, KubeObject>): Part {
  const labelled = objectsOf(snapshot, nodes).filter(
    ({ metadata }) => metadata.labels?.[assignableLabel] !== undefined,
  );
  const read = labelled.map(hostOf);
  const hosts = new Map(read.map(({ host }) => [host.name, host]));
  const placed = [...granted].map(([ip, object]) => ({ ip, object, node: placeOf(ip, object, hosts) }));
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
      ...homeless.map(({ ip, object }) => addressHomeless({ name: object.metadata.name ?? '', ip })),
    ],
  };
}

function hostOf(node: KubeObject): { readonly host: Host; readonly findings: readonly Finding[] } {
  const { name = '', annotations = {} } = node.metadata;
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
  try {
    return asList(fieldOf(parseJson(text), 'EgressCIDRs')).map(asText);
  } catch {
    return []; // the finding reports it
  }
}

/**
 * The node that our label names for the address, else the one that has it. Undefined if the SDN controller assigns it.
 */
function placeOf(ip: Ip, object: KubeObject, hosts: ReadonlyMap<string, Host>): string | undefined {
  const items = asList(fieldOf(object, 'status', 'items')).filter(isRecord);
  const now = items.find((item) => item['egressIP'] === ip)?.['node'];
  const candidates = [object.metadata.labels?.[`${placedPrefix}${ip}`], asText(now)];
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
    node.metadata.annotations?.[cidrsAnnotation] === undefined ? {} : { annotations: { [cidrsAnnotation]: null } };
  const isOffering = cidrs.length + ips.length > 0;
  return [
    ...(isOffering
      ? [{ action: 'apply', step: restoreStep(snapshot, hostSubnets, name), object, from: [objectRef(node)] } as const]
      : []),
    {
      action: 'clear',
      step: 'finalize',
      object: objectRef(node),
      patch: { metadata: { labels: { [assignableLabel]: null }, ...annotations } },
    },
  ];
}
