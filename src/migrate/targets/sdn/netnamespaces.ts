/** Turns EgressIPs into the lists of egress IPs that NetNamespaces request. */
import { apiVersionOf, netNamespaces } from '../../../../api/kinds.ts';
import { parseIpv4 } from '../../../model/objects/fields.ts';
import type { KubeObject, LabelSelectorObject } from '../../../model/objects/raw.ts';
import { namesIn, selectsAll } from '../../../model/objects/selector.ts';
import type { Ip } from '../../../model/values/address.ts';
import { compareText } from '../../../model/values/names.ts';
import {
  egressIPFamilyLost,
  joinAgain,
  namespaceSelectorLost,
  nothingSelected,
  podSelectorLost,
  severalEgressIPs,
  sharedEgressIP,
} from '../../findings/back.ts';
import type { Finding } from '../../findings/finding.ts';
import type { EgressIPItem } from '../../kinds/egressip.ts';
import { objectRef } from '../../ref.ts';
import type { Snapshot } from '../../snapshot.ts';
import { type Change, type Part } from '../../translation.ts';
import { netidLabel, requestsPrefix } from '../ovn/marks/origin.ts';
import { namespacesSelected, netNamespaceNamed } from './lookup.ts';
import { restoreStep, sortedNames } from './steps.ts';

/** What can be kept of an EgressIP. */
interface Claim {
  readonly object: EgressIPItem;
  readonly name: string;
  readonly ips: readonly Ip[];
  readonly namespaces: readonly string[];
}

export interface Requests extends Part {
  /** Each address that some namespace now requests, with the EgressIP that requested it. */
  readonly granted: ReadonlyMap<Ip, EgressIPItem>;
}

/** Plans the NetNamespaces of the way back. */
export function requestPart(snapshot: Snapshot): Requests {
  const read = snapshot.egressIPs
    .toSorted((a, b) => compareText(a.name, b.name))
    .map((object) => claimOf(snapshot, object));
  const claims = read.map(({ claim }) => claim);
  const shared = claims.map((claim) => shareOf(snapshot, claim));
  const byNamespace = Map.groupBy(
    shared.flatMap(({ lists }) => lists),
    ({ namespace }) => namespace,
  );
  const changes = [...byNamespace].map(([namespace, lists]) => change(snapshot, namespace, lists));
  const several = [...byNamespace]
    .filter(([, lists]) => lists.length > 1)
    .map(([namespace, lists]) => severalEgressIPs({ namespace, names: lists.map(({ claim }) => claim.name) }));
  return {
    changes,
    findings: [...read.flatMap(({ findings }) => findings), ...shared.flatMap(({ findings }) => findings), ...several],
    granted: new Map(
      shared.flatMap(({ lists }) => lists.flatMap(({ ips, claim }) => ips.map((ip) => [ip, claim.object] as const))),
    ),
  };
}

interface List {
  readonly namespace: string;
  readonly claim: Claim;
  readonly ips: readonly Ip[];
}

function change(snapshot: Snapshot, name: string, lists: readonly List[]): Change {
  const ips = [...new Set(lists.flatMap((list) => list.ips))];
  const object: KubeObject & { readonly egressIPs: readonly Ip[] } = {
    apiVersion: apiVersionOf(netNamespaces),
    kind: netNamespaces.kind,
    metadata: { name },
    egressIPs: ips,
  };
  return {
    action: 'apply',
    step: restoreStep(snapshot, netNamespaces, name),
    object,
    from: lists.map(({ claim }) => objectRef(claim.object.object)),
  };
}

/** What is kept of an EgressIP, and findings on what is not. */
function claimOf(
  snapshot: Snapshot,
  object: EgressIPItem,
): { readonly claim: Claim; readonly findings: readonly Finding[] } {
  const { name, egressIPs: texts, namespaceSelector: selector } = object;
  const wrong = texts.filter((text) => !parseIpv4(text).ok);
  const ips = texts.flatMap((text) => {
    const ip = parseIpv4(text);
    return ip.ok ? [ip.value] : [];
  });
  const selected = namesSelected(snapshot, selector);
  const findings = [
    ...(wrong.length === 0 ? [] : [egressIPFamilyLost({ name, ips: wrong })]),
    ...(selectsAll(object.podSelector) ? [] : [podSelectorLost({ name })]),
    ...(namesIn(selector) === undefined ? [namespaceSelectorLost({ name, selected })] : []),
    ...(selected.length > 0 ? [] : [nothingSelected({ name })]),
  ];
  return { claim: { object, name, ips, namespaces: selected }, findings };
}

/** The namespaces of the snapshot that match. If the snapshot has none at all, those that the selector names. */
function namesSelected(snapshot: Snapshot, selector: LabelSelectorObject): readonly string[] {
  if (snapshot.namespaces.length === 0) return sortedNames(namesIn(selector) ?? []);
  return sortedNames(namespacesSelected(snapshot, selector));
}

/**
 * Decides which namespace lists what. Namespaces of one VNID may share addresses, as they did before. If several VNIDs
 * request one address, SDN would drop all, so the first keeps it.
 */
function shareOf(
  snapshot: Snapshot,
  claim: Claim,
): { readonly lists: readonly List[]; readonly findings: readonly Finding[] } {
  const [first, ...others] = claim.namespaces;
  if (first === undefined || claim.ips.length === 0) return { lists: [], findings: [] };
  const listOf = (namespace: string): List => ({ namespace, claim, ips: ownList(claim, namespace) });
  const vnids = new Set(claim.namespaces.map((name) => vnidOf(snapshot, claim, name)));
  if (vnids.size === 1 || others.length === 0) {
    const findings =
      others.length === 0 || snapshot.netNamespaces.length > 0
        ? []
        : [joinAgain({ name: claim.name, first, others, netid: [...vnids].join('') })];
    return { lists: claim.namespaces.map(listOf).filter(({ ips }) => ips.length > 0), findings };
  }
  const finding = sharedEgressIP({ name: claim.name, first, others });
  return { lists: [{ namespace: first, claim, ips: claim.ips }], findings: [finding] };
}

/** The namespace's list as our label keeps it from the way to OVN-Kubernetes; all IPs if there is no label. */
function ownList({ object, ips }: Claim, namespace: string): readonly Ip[] {
  const label = object.labels[`${requestsPrefix}${namespace}`];
  if (label === undefined) return ips;
  return label.split('.').flatMap((index) => ips[Number(index)] ?? []);
}

/** The VNID of its NetNamespace or, if the snapshot has none at all, of our label; otherwise a VNID of its own. */
function vnidOf(snapshot: Snapshot, { object }: Claim, name: string): string {
  const found = netNamespaceNamed(snapshot, name);
  if (found !== undefined) return String(found.netid);
  return snapshot.netNamespaces.length === 0 ? (object.labels[netidLabel] ?? name) : name;
}
