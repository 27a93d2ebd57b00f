/** NetNamespaces as values: the VNID of a namespace and the egress IPs it requests. */
import type { Ip } from '../values/address.ts';
import { compareText, isNamespaceName, type NamespaceName } from '../values/names.ts';
import { err, ok, type Result } from '../values/result.ts';
import { parseVnid, type Vnid } from '../values/vnid.ts';
import { readDrain } from './drain.ts';
import { type AnnotationProblem, type EgressRules, readBandwidth, readRules } from './egressrules.ts';
import { type FieldProblem, type InvalidEgressIP, parseIpv4, take } from './fields.ts';
import { type Placement, readPlacement } from './placement.ts';
import type { NetNamespaceObject } from './raw.ts';
import { ourAnnotations } from './well-known.ts';

/** A namespace's VNID and requests. */
export interface NetNamespace {
  readonly name: NamespaceName;
  readonly vnid: Vnid;
  /** In the order of the object, without repetitions. */
  readonly egressIPs: readonly Ip[];
  /** Entries of egressIPs that are not IPv4 addresses: they count as requests that nothing can fulfill. */
  readonly invalidEgressIPs: readonly InvalidEgressIP[];
  readonly uid: string | undefined;
  /** Which of its traffic takes which egress IP, if its annotations say that. */
  readonly rules?: EgressRules;
  /** The annotations about that, and about bandwidth, that cannot be read. */
  readonly ruleProblems?: readonly AnnotationProblem[];
  /** The most bits per second that its pods send by each of its egress IPs, if its annotations say that. */
  readonly bandwidth?: number;
  /** Where its egress IPs may be, if its annotations say that. */
  readonly placement?: Placement;
  /** For how many milliseconds connections stay on the old node of an egress IP that moves, if its annotations say that. */
  readonly drain?: number;
  /** The names of all of our annotations that it has, sorted. */
  readonly ours?: readonly string[];
}

/** A NetNamespace without a valid name or VNID: it counts as absent. */
export interface InvalidNetNamespace {
  readonly name: string;
  readonly uid: string | undefined;
  readonly problems: readonly [FieldProblem, ...FieldProblem[]];
}

/**
 * Parses a NetNamespace; rejects one without a name or with a netid that is not a VNID. Keeps invalid egress IPs as
 * such.
 */
export function parseNetNamespace(raw: NetNamespaceObject): Result<NetNamespace, InvalidNetNamespace> {
  const problems: FieldProblem[] = [];
  const name = raw.metadata.name ?? '';
  const uid = raw.metadata.uid;
  if (name === '') problems.push({ field: 'metadata.name', reason: 'is missing' });
  const vnid = take(parseVnid(raw.netid), 'netid', problems);
  const [first, ...more] = problems;
  if (first !== undefined) return err({ name, uid, problems: [first, ...more] });
  if (!isNamespaceName(name) || vnid === undefined)
    throw new Error('a NetNamespace without problems has all its fields');
  return ok({ name, vnid, ...parseRequests(raw.egressIPs), uid, ...rulesOf(raw) });
}

/** Only what there is: few NetNamespaces have rules. */
function rulesOf({
  metadata,
}: NetNamespaceObject): Pick<NetNamespace, 'rules' | 'ruleProblems' | 'bandwidth' | 'placement' | 'drain' | 'ours'> {
  const { rules, problems: ofRules } = readRules(metadata.annotations);
  const { bandwidth, problem } = readBandwidth(metadata.annotations);
  const { drain, problems: ofDrain } = readDrain(metadata.annotations);
  const problems = [...ofRules, ...(problem === undefined ? [] : [problem]), ...ofDrain];
  const placement = readPlacement(metadata.annotations);
  const ours = Object.keys(metadata.annotations ?? {}).filter((name) => name.startsWith(ourAnnotations));
  return {
    ...(rules === undefined ? {} : { rules }),
    ...(problems.length === 0 ? {} : { ruleProblems: problems }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(placement === undefined ? {} : { placement }),
    ...(drain === undefined ? {} : { drain }),
    ...(ours.length === 0 ? {} : { ours: ours.sort(compareText) }),
  };
}

type Requests = Pick<NetNamespace, 'egressIPs' | 'invalidEgressIPs'>;
const none: readonly never[] = [];
const nothing: Requests = { egressIPs: none, invalidEgressIPs: none };

function parseRequests(texts: readonly string[] | null | undefined): Requests {
  if (texts === undefined || texts === null || texts.length === 0) return nothing;
  const egressIPs: Ip[] = [];
  const invalidEgressIPs: InvalidEgressIP[] = [];
  const seen = new Set<string>();
  for (const text of texts) {
    if (seen.has(text)) continue;
    seen.add(text);
    const ip = parseIpv4(text);
    if (ip.ok) egressIPs.push(ip.value);
    else invalidEgressIPs.push({ text, reason: ip.error });
  }
  // a list that grew holds room for 16, and there are as many of these as namespaces
  return { egressIPs: egressIPs.slice(), invalidEgressIPs: invalidEgressIPs.length === 0 ? none : invalidEgressIPs };
}
