/** Findings on requests that depend on nothing but which of their addresses the target serves. Pure. */
import { reasonText } from '../../model/egress/reasons.ts';
import { namespaceNameLabel } from '../../model/objects/well-known.ts';
import type { Finding } from '../findings/finding.ts';
import { leakWhileUnassigned, prerequisiteUnknown } from '../findings/others.ts';
import {
  dropBecomesOpen,
  dropBecomesServed,
  entryClaimedTwice,
  entryInvalid,
  entryIsNodeAddress,
  requestHomeless,
  requestIgnored,
  requestOnSeveralNodes,
  requestsJoined,
  requestUnhosted,
  selectedUnlabelled,
  severalEgressIPsLost,
} from '../findings/requests.ts';
import { isInUse, type LeftOut, requestersOf, type RequestGroup } from './groups.ts';
import type { Requests } from './requests.ts';
import type { ServedGroup, Traits } from './served.ts';

/** All of them. */
export function requestFindings(
  requests: Requests,
  served: ReadonlyMap<RequestGroup, ServedGroup>,
  traits: Traits,
): readonly Finding[] {
  const [first] = served.values();
  return [
    ...requests.groups.flatMap((group) => groupFindings(requests, { group, served: served.get(group), traits })),
    ...(first === undefined || traits.leaks === undefined
      ? []
      : [leakWhileUnassigned({ plugin: traits.plugin, name: first.group.members[0]?.name ?? '', when: traits.leaks })]),
  ];
}

interface Case {
  readonly group: RequestGroup;
  /** Undefined if nothing is made for the group. */
  readonly served: ServedGroup | undefined;
  readonly traits: Traits;
}

function groupFindings(requests: Requests, one: Case): readonly Finding[] {
  const { group } = one;
  return [
    ...group.leftOut.flatMap((entry) => leftOutFindings(entry, one)),
    ...(group.selected.length === 0 ? [] : hostFindings(requests, one)),
    ...severalFindings(one),
    ...dropFindings(requests, one),
    ...joinedFindings(one),
    ...modeFindings(requests, one),
    ...labelFindings(requests, one),
  ];
}

function leftOutFindings(entry: LeftOut, { group, traits: { plugin } }: Case): readonly Finding[] {
  return requestersOf(group, entry.text).map(({ name }) => {
    const facts = { plugin, name, entry: entry.text };
    switch (entry.code) {
      case 'EgressIPInvalid':
        return entryInvalid({ ...facts, reason: entry.reason });
      case 'EgressIPClaimedTwice':
        return entryClaimedTwice({ ...facts, namespaces: entry.namespaces });
      case 'EgressIPIsNodeAddress':
        return entryIsNodeAddress({ ...facts, node: entry.node, isInUse: isInUse(group, entry.text) });
    }
  });
}

/** On requests that no node may host, or that several were told to. */
function hostFindings({ nodesOf, hostsOf }: Requests, { group, traits: { plugin } }: Case): readonly Finding[] {
  return group.egressIPs.flatMap((ip) => {
    const nodes = nodesOf(ip);
    const listed = hostsOf(ip).map(({ name }) => name);
    return requestersOf(group, ip).flatMap(({ name }) => {
      if (nodes.length === 0)
        return [
          isInUse(group, ip)
            ? requestHomeless({ plugin, name, ip, listedOn: listed })
            : requestUnhosted({ plugin, name, ip }),
        ];
      return listed.length > 1 ? [requestOnSeveralNodes({ plugin, name, ip, nodes: listed })] : [];
    });
  });
}

function severalFindings({ group, served, traits: { plugin } }: Case): readonly Finding[] {
  const [kept, ...more] = served?.egressIPs ?? [];
  if (kept === undefined || more.length > 0 || group.egressIPs.length < 2) return [];
  return [severalEgressIPsLost({ plugin, name: nameOf(group), ips: group.egressIPs, kept })];
}

function dropFindings({ exists }: Requests, { group, served, traits: { plugin } }: Case): readonly Finding[] {
  if (group.today.kind !== 'dropped') return [];
  const reasons = group.today.reasons.map(reasonText);
  return group.members
    .filter(({ name }) => exists(name))
    .map(({ name }) =>
      served === undefined
        ? dropBecomesOpen({ plugin, name, reasons })
        : dropBecomesServed({ plugin, name, reasons, ips: served.egressIPs }),
    );
}

function joinedFindings({ group, served, traits: { plugin } }: Case): readonly Finding[] {
  const { members, vnid } = group;
  if (members.length < 2 || served === undefined) return [];
  const { egressIPs: ips, object } = served;
  return [
    requestsJoined({ plugin, name: nameOf(group), namespaces: members.map((one) => one.name), vnid, ips, object }),
  ];
}

/** The subnet plugin has no egress IPs. */
function modeFindings({ network }: Requests, { group, served, traits: { plugin } }: Case): readonly Finding[] {
  if (network?.mode !== 'subnet' || served === undefined) return [];
  return [requestIgnored({ plugin, name: nameOf(group), ips: served.egressIPs })];
}

function labelFindings(
  { namespaces }: Requests,
  { group, served, traits: { plugin, selectsByLabel } }: Case,
): readonly Finding[] {
  if (namespaces === undefined || served === undefined || !selectsByLabel) return [];
  const { object } = served;
  return group.selected
    .filter((name) => namespaces.get(name)?.labels[namespaceNameLabel] !== name)
    .map((name) => selectedUnlabelled({ plugin, name, label: namespaceNameLabel, object }));
}

/** The first of its namespaces that requests something. */
export function nameOf({ members }: RequestGroup): string {
  return (members.find(({ egressIPs }) => egressIPs.length > 0) ?? members[0])?.name ?? '';
}

/** What the target must run with, which no object shows: one finding, on the first of those that need it. */
export function prerequisite(
  [first]: readonly ServedGroup[],
  facts: Omit<Parameters<typeof prerequisiteUnknown>[0], 'name'>,
): readonly Finding[] {
  return first === undefined ? [] : [prerequisiteUnknown({ ...facts, name: nameOf(first.group) })];
}
