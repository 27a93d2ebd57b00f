/** Turns what gives namespaces addresses into the lists of egress IPs that NetNamespaces request. */
import { apiVersionOf, netNamespaces } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import type { Ip } from '../../../model/values/address.ts';
import { joinAgain, severalEgressIPs, sharedEgressIP } from '../../findings/back.ts';
import type { Finding } from '../../findings/finding.ts';
import { compareRefs, type ObjectRef, refText } from '../../ref.ts';
import type { Snapshot } from '../../snapshot.ts';
import { type Change, type Part, type StepName } from '../../translation.ts';
import { netNamespaceNamed } from './lookup.ts';
import { restoreStep } from './steps.ts';

/** What can be kept of an object. */
export interface Claim {
  readonly ref: ObjectRef;
  readonly ips: readonly Ip[];
  /** Names of the namespaces that it selects, sorted. */
  readonly namespaces: readonly string[];
  /** The namespace's own list of these, if the object tells. */
  readonly listOf?: (namespace: string) => readonly Ip[];
  /** The VNID of its namespaces, if the object tells. */
  readonly vnid?: string;
}

/** A claim, and findings on what is not kept. */
export interface ReadClaim<C extends Claim> {
  readonly claim: C;
  readonly findings: readonly Finding[];
}

export interface Requests<C extends Claim> extends Part {
  /** Each address that some namespace now requests, with the claim that requested it. */
  readonly granted: ReadonlyMap<Ip, C>;
}

/** Plans the NetNamespaces of the way back, in one step if one is given. */
export function requestPart<C extends Claim>(
  snapshot: Snapshot,
  read: readonly ReadClaim<C>[],
  step?: StepName,
): Requests<C> {
  const holders: Holders = new Map();
  const shared = read
    .map(({ claim }) => claim)
    .sort((a, b) => compareRefs(a.ref, b.ref))
    .map((claim) => shareOf(snapshot, claim, holders));
  const byNamespace = Map.groupBy(
    shared.flatMap(({ lists }) => lists),
    ({ namespace }) => namespace,
  );
  const changes = [...byNamespace].map(([namespace, lists]) =>
    change(namespace, lists, step ?? restoreStep(snapshot, netNamespaces, namespace)),
  );
  const several = [...byNamespace]
    .filter(([, lists]) => lists.length > 1)
    .map(([namespace, lists]) => severalEgressIPs({ namespace, names: lists.map(({ claim }) => refText(claim.ref)) }));
  return {
    changes,
    findings: [...read.flatMap(({ findings }) => findings), ...shared.flatMap(({ findings }) => findings), ...several],
    granted: new Map(shared.flatMap(({ lists }) => lists.flatMap(({ ips, claim }) => ips.map((ip) => [ip, claim])))),
  };
}

interface List<C extends Claim> {
  readonly namespace: string;
  readonly claim: C;
  readonly ips: readonly Ip[];
}

function change<C extends Claim>(name: string, lists: readonly List<C>[], step: StepName): Change {
  const ips = [...new Set(lists.flatMap((list) => list.ips))];
  const object: KubeObject & { readonly egressIPs: readonly Ip[] } = {
    apiVersion: apiVersionOf(netNamespaces),
    kind: netNamespaces.kind,
    metadata: { name },
    egressIPs: ips,
  };
  return { action: 'apply', step, object, from: lists.map(({ claim }) => claim.ref) };
}

/** Who has each address: the first namespace, and its VNID. */
type Holders = Map<Ip, { readonly vnid: string; readonly namespace: string }>;

/**
 * Decides which namespace lists what. Namespaces of one VNID may share addresses, as they did before. If several VNIDs
 * request one address, SDN would drop all, so the first keeps it.
 */
function shareOf<C extends Claim>(
  snapshot: Snapshot,
  claim: C,
  holders: Holders,
): { readonly lists: readonly List<C>[]; readonly findings: readonly Finding[] } {
  const [first, ...others] = claim.namespaces;
  if (first === undefined || claim.ips.length === 0) return { lists: [], findings: [] };
  const vnid = vnidOf(snapshot, claim, first);
  const taken = claim.ips.flatMap((ip) => {
    const holder = holders.get(ip);
    return holder === undefined || holder.vnid === vnid ? [] : [holder.namespace];
  });
  for (const ip of claim.ips) if (!holders.has(ip)) holders.set(ip, { vnid, namespace: first });
  const listOf = (namespace: string): List<C> => {
    const ips = claim.listOf?.(namespace) ?? claim.ips;
    return { namespace, claim, ips: ips.filter((ip) => holders.get(ip)?.vnid === vnid) };
  };
  const ofOthers = [...new Set(taken)].map((holder) =>
    sharedEgressIP({ ...claim.ref, first: holder, others: claim.namespaces }),
  );
  const vnids = new Set(claim.namespaces.map((name) => vnidOf(snapshot, claim, name)));
  if (vnids.size === 1) {
    const isJoined = others.length > 0 && snapshot.netNamespaces.length === 0;
    const joining = isJoined ? [joinAgain({ ...claim.ref, first, others, netid: vnid })] : [];
    const lists = claim.namespaces.map(listOf).filter(({ ips }) => ips.length > 0);
    return { lists, findings: [...ofOthers, ...joining] };
  }
  const finding = sharedEgressIP({ ...claim.ref, first, others });
  const all = { namespace: first, claim, ips: claim.ips.filter((ip) => holders.get(ip)?.vnid === vnid) };
  return { lists: all.ips.length === 0 ? [] : [all], findings: [...ofOthers, finding] };
}

/** The VNID of its NetNamespace or, if the snapshot has none at all, what the claim tells; otherwise one of its own. */
function vnidOf(snapshot: Snapshot, { vnid }: Claim, name: string): string {
  const found = netNamespaceNamed(snapshot, name);
  if (found !== undefined) return String(found.netid);
  return snapshot.netNamespaces.length === 0 ? (vnid ?? name) : name;
}
