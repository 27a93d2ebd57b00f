/** EgressIPs become the lists of egress IPs that NetNamespaces request. */
import { apiVersionOf, egressIPs, namespaces, netNamespaces } from '../../../api/kinds.ts';
import type { Ip } from '../../model/address.ts';
import { parseIpv4 } from '../../model/fields.ts';
import { asList, asText, fieldOf, isRecord } from '../../model/json.ts';
import { compareText } from '../../model/names.ts';
import type { KubeObject, LabelSelectorObject } from '../../model/objects.ts';
import { matches, selectsAll } from '../../model/selector.ts';
import { type Finding, onCluster } from '../finding.ts';
import { listText } from '../lists.ts';
import { netidLabel, requestsPrefix } from '../ovn/egressips/origin.ts';
import { objectRef } from '../ref.ts';
import { objectsOf, type Snapshot } from '../snapshot.ts';
import { type Change, type Part } from '../translation.ts';
import { restoreStep, sortedNames } from './steps.ts';

const nameLabel = 'kubernetes.io/metadata.name';

/** An EgressIP as far as it can be kept. */
interface Claim {
  readonly object: KubeObject;
  readonly name: string;
  readonly ips: readonly Ip[];
  readonly namespaces: readonly string[];
}

export interface Requests extends Part {
  /** The EgressIPs that ask for each address which some namespace requests now. */
  readonly granted: ReadonlyMap<Ip, KubeObject>;
}

/** The part of the way back that is about NetNamespaces. */
export function requestPart(snapshot: Snapshot): Requests {
  const read = objectsOf(snapshot, egressIPs)
    .toSorted((a, b) => compareText(a.metadata.name ?? '', b.metadata.name ?? ''))
    .map((object) => claimOf(snapshot, object));
  const kept = read.map(({ claim }) => claim);
  const shared = kept.map((claim) => shareOf(snapshot, claim));
  const byNamespace = Map.groupBy(
    shared.flatMap(({ lists }) => lists),
    ({ namespace }) => namespace,
  );
  const changes = [...byNamespace].map(([namespace, lists]) => change(snapshot, namespace, lists));
  const several = [...byNamespace]
    .filter(([, lists]) => lists.length > 1)
    .map(([namespace, lists]) => severalFinding(namespace, lists));
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
    from: lists.map(({ claim }) => objectRef(claim.object)),
  };
}

function severalFinding(namespace: string, lists: readonly List[]): Finding {
  const names = listText(lists.map(({ claim }) => claim.name));
  return onCluster('Namespace', namespace, [
    'warning',
    'SeveralEgressIPs',
    [
      `EgressIPs ${names} select the namespace; one of them serves it, and which is undefined.`,
      'Its NetNamespace requests the addresses of all of them.',
      'Remove the addresses that are not meant.',
    ],
  ]);
}

/** What is kept of an EgressIP, and what is not. */
function claimOf(
  snapshot: Snapshot,
  object: KubeObject,
): { readonly claim: Claim; readonly findings: readonly Finding[] } {
  const { name = '' } = object.metadata;
  const note = (code: Finding['code'], texts: readonly [string, string, string]): Finding =>
    onCluster(egressIPs.kind, name, ['warning', code, texts]);
  const texts = asList(fieldOf(object, 'spec', 'egressIPs')).map(asText);
  const wrong = texts.filter((text) => !parseIpv4(text).ok);
  const ips = texts.flatMap((text) => {
    const ip = parseIpv4(text);
    return ip.ok ? [ip.value] : [];
  });
  const selector = selectorAt(object, 'namespaceSelector');
  const selected = namesSelected(snapshot, selector);
  const findings = [
    ...(wrong.length === 0
      ? []
      : [
          note('FamilyLost', [
            `It asks for ${listText(wrong)}.`,
            'OpenShift SDN has IPv4 egress IPs only: these are left out.',
            'Give the namespaces IPv4 addresses.',
          ]),
        ]),
    ...(selectsAll(selectorAt(object, 'podSelector'))
      ? []
      : [
          note('PodSelectorLost', [
            'It is for some pods of the namespaces only.',
            'All pods of the namespaces leave with the address.',
            'Move the other pods to a namespace of their own.',
          ]),
        ]),
    ...(byName(selector) === undefined
      ? [
          note('NamespaceSelectorLost', [
            'It is for all namespaces with certain labels.',
            `It becomes a list for those that have them now: ${selected.length === 0 ? 'none' : listText(selected)}.`,
            'Give namespaces that get these labels later a list of their own.',
          ]),
        ]
      : []),
    ...(selected.length > 0
      ? []
      : [
          note('NamespaceMissing', [
            'It selects no namespace.',
            'Nothing requests its addresses.',
            'Nothing, if it is of no use any more.',
          ]),
        ]),
  ];
  return { claim: { object, name, ips, namespaces: selected }, findings };
}

function selectorAt(object: KubeObject, field: string): LabelSelectorObject {
  const found = fieldOf(object, 'spec', field);
  return isSelector(found) ? found : {};
}

function isSelector(value: unknown): value is LabelSelectorObject {
  return isRecord(value);
}

/** The names that a selector by name lists; undefined when it selects by anything else. */
function byName({ matchLabels = {}, matchExpressions = [] }: LabelSelectorObject): readonly string[] | undefined {
  const keys = [...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)];
  if (keys.length !== 1 || keys[0] !== nameLabel) return undefined;
  const [expression] = matchExpressions;
  if (expression === undefined) return Object.values(matchLabels);
  return expression.operator === 'In' ? (expression.values ?? []) : undefined;
}

/** The namespaces of the snapshot with the labels; without any in the snapshot, those that the selector names. */
function namesSelected(snapshot: Snapshot, selector: LabelSelectorObject): readonly string[] {
  const all = objectsOf(snapshot, namespaces);
  if (all.length === 0) return sortedNames(byName(selector) ?? []);
  const found = all.filter(({ metadata }) =>
    matches(selector, { [nameLabel]: metadata.name ?? '', ...metadata.labels }),
  );
  return sortedNames(found.map(({ metadata }) => metadata.name ?? ''));
}

/**
 * Which namespace lists what. Namespaces of one VNID may share addresses, as they did before; of several VNIDs that
 * request one address SDN would drop all, so the first keeps it.
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
      others.length === 0 || objectsOf(snapshot, netNamespaces).length > 0 ? [] : [rejoin(claim, [...vnids].join(''))];
    return { lists: claim.namespaces.map(listOf).filter(({ ips }) => ips.length > 0), findings };
  }
  const finding = onCluster(egressIPs.kind, claim.name, [
    'warning',
    'SharedEgressIP',
    [
      `Namespaces ${listText(claim.namespaces)} share its addresses.`,
      `OpenShift SDN drops namespaces with different VNIDs that request one address: ${first} keeps them, the others leave with node addresses.`,
      `Give ${listText(others)} addresses of their own; or, with the multitenant plugin, join them to ${first} and list the addresses there too.`,
    ],
  ]);
  return { lists: [{ namespace: first, claim, ips: claim.ips }], findings: [finding] };
}

/** OpenShift SDN gives every namespace a VNID of its own when it starts without NetNamespaces. */
function rejoin({ name, namespaces: [first = '', ...others] }: Claim, netid: string): Finding {
  return onCluster(egressIPs.kind, name, [
    'warning',
    'JoinedNamespaces',
    [
      `Namespaces ${listText([first, ...others])} share its addresses; they shared VNID ${netid}.`,
      'OpenShift SDN gives each a VNID of its own when it starts, and drops them all while two of them request one address.',
      `Join them again as soon as it runs: set the netid of NetNamespaces ${listText(others)} to that of ${first}.`,
    ],
  ]);
}

/** The list that the label of the way there keeps of the namespace; without one all. */
function ownList({ object, ips }: Claim, namespace: string): readonly Ip[] {
  const label = object.metadata.labels?.[`${requestsPrefix}${namespace}`];
  if (label === undefined) return ips;
  return label.split('.').flatMap((index) => ips[Number(index)] ?? []);
}

/** The VNID that it has or, when its NetNamespace is not there, had; a namespace of its own for one that is not known. */
function vnidOf(snapshot: Snapshot, { object }: Claim, name: string): string {
  const found: unknown = objectsOf(snapshot, netNamespaces).find(({ metadata }) => metadata.name === name);
  const netid = fieldOf(found, 'netid');
  if (typeof netid === 'number') return String(netid);
  return objectsOf(snapshot, netNamespaces).length === 0 ? (object.metadata.labels?.[netidLabel] ?? name) : name;
}
