/** Makes findings on what changes for the NetNamespaces of one VNID that requests egress IPs. */
import { reasonText } from '../../../../model/egress/reasons.ts';
import type { Ip } from '../../../../model/values/address.ts';
import {
  dropBecomesEgressIP,
  dropBecomesNodeAddress,
  egressIPClaimedTwice,
  egressIPDoubtful,
  egressIPIgnored,
  egressIPInvalid,
  egressIPIsNodeAddress,
  egressIPOnSeveralNodes,
  egressIPOutsideNetwork,
  egressIPsJoined,
  egressIPUnhosted,
  moreEgressIPsThanNodes,
  noAssignableNode,
  severalEgressIPsOnOneNode,
} from '../../../findings/egressips.ts';
import type { Finding } from '../../../findings/finding.ts';
import { hasObject, isInUse, type LeftOut, requestersOf } from '../../../requests/groups.ts';
import type { Context } from '../context.ts';
import type { EgressGroup } from '../groups.ts';
import { lostFindings } from './lost.ts';

/** All findings of a group, each on the namespaces that request the IP or on all that share the VNID. */
export function groupFindings(context: Context, group: EgressGroup): readonly Finding[] {
  return [
    ...group.leftOut.flatMap((entry) => leftOutFindings(context, group, entry)),
    ...group.egressIPs.flatMap((ip) => ipFindings(context, group, ip)),
    ...tooMany(context, group),
    ...dropFindings(context, group),
    ...joinedFindings(group),
    ...modeFindings(context, group),
    ...(hasObject(group) ? lostFindings(context, group) : []),
  ];
}

function leftOutFindings({ egress }: Context, group: EgressGroup, entry: LeftOut): readonly Finding[] {
  const egressIP = hasObject(group) ? group.name : undefined;
  return requestersOf(group, entry.text).map(({ name }) => {
    const facts = { name, entry: entry.text, egressIP };
    switch (entry.code) {
      case 'EgressIPInvalid':
        return egressIPInvalid({ ...facts, reason: entry.reason });
      case 'EgressIPClaimedTwice':
        return egressIPClaimedTwice({ ...facts, namespaces: entry.namespaces });
      case 'EgressIPIsNodeAddress': {
        const hosts = egress.hostsOf(entry.text).map((host) => host.name);
        return egressIPIsNodeAddress({
          ...facts,
          node: entry.node,
          hostSubnets: hosts,
          isInUse: isInUse(group, entry.text),
        });
      }
    }
  });
}

function ipFindings(context: Context, group: EgressGroup, ip: Ip): readonly Finding[] {
  if (!hasObject(group)) return [];
  return requestersOf(group, ip).flatMap(({ name }) => [
    ...hostFindings(context, group, { name, ip }),
    ...outsideFindings(context, group, { name, ip }),
  ]);
}

/** One namespace's request. */
interface Request {
  readonly name: string;
  readonly ip: Ip;
}

/** Findings on how HostSubnets list the IP today. */
function hostFindings(
  { egress }: Context,
  { name: egressIP, today }: EgressGroup,
  request: Request,
): readonly Finding[] {
  const { name, ip } = request;
  const reason = today.kind === 'normal' ? undefined : today.reasons.find((one) => one.egressIP === ip);
  const unused = { ...request, egressIP, nodes: egress.fitting(ip) };
  switch (reason?.code) {
    case 'NoNodeHostsEgressIP':
      return [egressIPUnhosted(unused)];
    case 'EgressIPOnSeveralNodes':
      return [egressIPOnSeveralNodes({ ...unused, listedOn: reason.nodes })];
    case 'SeveralEgressIPsOnOneNode':
      if (reason.egressIPs[0] !== ip) return []; // one finding for all of them
      return [severalEgressIPsOnOneNode({ name, node: reason.node, ips: reason.egressIPs })];
    default:
      return [];
  }
}

/** Findings on an IP that no node can host, or perhaps none. */
function outsideFindings({ egress, ovnNodes }: Context, group: EgressGroup, request: Request): readonly Finding[] {
  const { ip } = request;
  if (egress.doubtful(ip)) return [egressIPDoubtful(request)];
  if (egress.fitting(ip).length > 0) return [];
  const able = [...ovnNodes.values()].filter(({ assignable, exists }) => assignable && exists);
  const facts = { ...request, isInUse: isInUse(group, ip) };
  if (able.length === 0) return [noAssignableNode(facts)];
  const networks = [...new Set(able.flatMap((ovnNode) => ovnNode.networks?.map(({ text }) => text) ?? []))].sort();
  return [egressIPOutsideNetwork({ ...facts, networks })];
}

/** More IPs than nodes that can host them, or than capacity. A blocker if a namespace may end up with none. */
function tooMany({ egress }: Context, group: EgressGroup): readonly Finding[] {
  const { name: egressIP, egressIPs, members, today } = group;
  const surplus = egressIPs.filter(
    (ip) => egress.fitting(ip).length > 0 && egress.prediction.allowed.get(ip)?.includes(null) !== false,
  );
  if (!hasObject(group) || surplus.length === 0) return [];
  const nodes = [...new Set(surplus.flatMap((ip) => egress.fitting(ip)))];
  const mayEndWithNone = today.kind === 'via' && !egress.served(group);
  return members
    .filter((one) => one.egressIPs.length > 0)
    .map(({ name }) =>
      moreEgressIPsThanNodes({ name, egressIP, requested: egressIPs, surplus, nodes, mayEndWithNone }),
    );
}

/** A VNID whose traffic is dropped today opens, with a node's address or with an egress IP. */
function dropFindings({ egress, options, exists }: Context, group: EgressGroup): readonly Finding[] {
  if (group.today.kind !== 'dropped') return [];
  const reasons = group.today.reasons.map(reasonText);
  const isServed = egress.served(group);
  return group.members
    .filter(({ name }) => exists(name))
    .map(({ name }) =>
      isServed
        ? dropBecomesEgressIP({ name, reasons, egressIP: group.name, ips: group.egressIPs })
        : dropBecomesNodeAddress({ name, reasons, isKeptClosed: options.keepClosed }),
    );
}

/** The subnet plugin has no egress IPs. */
function modeFindings({ network }: Context, group: EgressGroup): readonly Finding[] {
  if (network?.mode !== 'subnet' || !hasObject(group)) return [];
  return group.members
    .filter(({ egressIPs }) => egressIPs.length > 0)
    .map(({ name }) => egressIPIgnored({ name, egressIP: group.name, ips: group.egressIPs }));
}

function joinedFindings(group: EgressGroup): readonly Finding[] {
  const { members, vnid, egressIPs, name, selected } = group;
  if (members.length < 2) return [];
  const lists = new Set(members.map((one) => one.egressIPs.join()));
  return [
    egressIPsJoined({
      namespaces: members.map((one) => one.name),
      vnid,
      ips: egressIPs,
      listsDiffer: lists.size > 1,
      egressIP: hasObject(group) ? { name, selected } : undefined,
    }),
  ];
}
