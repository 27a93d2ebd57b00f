/**
 * Makes the way back from a plugin other than OVN-Kubernetes of its objects alone: lists in NetNamespaces, and the nodes
 * that may have each address in HostSubnets. Pure.
 */
import { apiVersionOf, hostSubnets } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { compareIps, type Ip } from '../../../model/values/address.ts';
import { compareText } from '../../../model/values/names.ts';
import type { Claim as PluginClaim, ClaimedAddress, Claims } from '../../claims.ts';
import { addressHomeless } from '../../findings/back.ts';
import { addressesOnOneNode, claimsNodeAddress } from '../../findings/claims.ts';
import { compareFindings, type Finding } from '../../findings/finding.ts';
import { clusterUnknown } from '../../findings/input.ts';
import { compareRefs, type ObjectRef, objectRef } from '../../ref.ts';
import { clusterUID, type Snapshot } from '../../snapshot.ts';
import { type Change, type Part, refOf, type StepName, type Translation } from '../../translation.ts';
import { type Claim, requestPart } from './netnamespaces.ts';
import { restoreStep, steps } from './steps.ts';

interface PlacedClaim extends Claim {
  readonly addresses: readonly ClaimedAddress[];
}

/** `isBeside`: the plugin runs beside OpenShift SDN, which acts on whatever is restored before the other has ended. */
export function backFromClaims(
  snapshot: Snapshot,
  { claims, findings, removals }: Claims,
  isBeside: boolean,
): Translation {
  const step = isBeside ? 'restore-after' : undefined;
  const kept = keepable(snapshot, claims);
  const requests = requestPart(
    snapshot,
    kept.claims.map((claim) => ({ claim, findings: [] })),
    step,
  );
  const hosts = hostChanges(snapshot, requests.granted, step);
  const order = steps.map(({ name }) => name);
  return {
    changes: [...requests.changes, ...hosts.changes, ...removals].sort(
      (a, b) => order.indexOf(a.step) - order.indexOf(b.step) || compareRefs(refOf(a), refOf(b)),
    ),
    findings: [
      ...(clusterUID(snapshot) === undefined ? [clusterUnknown(undefined)] : []),
      ...[findings, kept.findings, requests.findings, hosts.findings].flat(),
    ].sort(compareFindings),
    placement: new Map(),
  };
}

interface Kept {
  readonly claims: readonly PlacedClaim[];
  readonly findings: readonly Finding[];
}

/** Leaves out addresses of nodes themselves, and all but the first of a namespace's on one node. */
function keepable(snapshot: Snapshot, claims: readonly PluginClaim[]): Kept {
  const owners = new Map(
    snapshot.nodes.flatMap(({ name, addresses }) => addresses.map((text) => [text, name] as const)),
  );
  const pinned = new Map<string, Ip>();
  const findings: Finding[] = [];
  const kept = claims
    .toSorted((a, b) => compareRefs(objectRef(a.object), objectRef(b.object)))
    .map((claim) => {
      const ref = objectRef(claim.object);
      const addresses = claim.addresses.filter((address) => {
        const node = owners.get(address.ip);
        if (node !== undefined) findings.push(claimsNodeAddress({ ...ref, ip: address.ip, node }));
        const crowded = node === undefined ? crowdedBy(address, claim.namespaces, pinned) : [];
        findings.push(...crowded);
        return node === undefined && crowded.length === 0;
      });
      return { ref, namespaces: claim.namespaces, addresses, ips: addresses.map(({ ip }) => ip) };
    });
  return { claims: kept, findings };
}

/** Says of each namespace that has another address on the address's only node; notes the address if there is none. */
function crowdedBy(
  { ip, nodes: [node, ...others] }: ClaimedAddress,
  namespaces: readonly string[],
  pinned: Map<string, Ip>,
): readonly Finding[] {
  if (node === undefined || others.length > 0) return [];
  const found = namespaces.flatMap((namespace) => {
    const first = pinned.get(`${namespace}/${node}`);
    return first === undefined || first === ip ? [] : [addressesOnOneNode({ namespace, node, ips: [first, ip] })];
  });
  if (found.length === 0) for (const namespace of namespaces) pinned.set(`${namespace}/${node}`, ip);
  return found;
}

/**
 * A node lists the addresses that may be on it alone. An address that may be on several is in the egressCIDRs of each,
 * and then so are their others: OpenShift SDN itself writes the list of a node that has CIDRs.
 */
function hostChanges(snapshot: Snapshot, granted: ReadonlyMap<Ip, PlacedClaim>, step: StepName | undefined): Part {
  const placed = [...granted].map(([ip, { ref, addresses }]) => ({
    ip,
    ref,
    nodes: [...new Set(addresses.filter((one) => one.ip === ip).flatMap(({ nodes }) => nodes))],
  }));
  const byNode = Map.groupBy(
    placed.flatMap(({ nodes, ...one }) => nodes.map((node) => ({ ...one, node, isMovable: nodes.length > 1 }))),
    ({ node }) => node,
  );
  return {
    changes: [...byNode]
      .sort(([a], [b]) => compareText(a, b))
      .map(([node, all]) => {
        const ips = all.map(({ ip }) => ip).sort(compareIps);
        const object: KubeObject = {
          apiVersion: apiVersionOf(hostSubnets),
          kind: hostSubnets.kind,
          metadata: { name: node },
          ...(all.some(({ isMovable }) => isMovable)
            ? { egressCIDRs: ips.map((ip) => `${ip}/32`) }
            : { egressIPs: ips }),
        };
        const from = distinct(all.map(({ ref }) => ref));
        return {
          action: 'apply',
          step: step ?? restoreStep(snapshot, hostSubnets, node),
          object,
          from,
        } satisfies Change;
      }),
    findings: placed.filter(({ nodes }) => nodes.length === 0).map(({ ip, ref }) => addressHomeless({ ...ref, ip })),
  };
}

function distinct(refs: readonly ObjectRef[]): readonly ObjectRef[] {
  return refs
    .toSorted(compareRefs)
    .filter((ref, index, all) => index === 0 || compareRefs(ref, all[index - 1] ?? ref) !== 0);
}
