/** Finer rules for users: what they say, and notes on what is wrong with them. */
import { joinedRules, unrequested } from '../egress/rules.ts';
import type { EgressState } from '../egress/state.ts';
import { requestsOf } from '../egress/verdict.ts';
import { drainAnnotation } from '../objects/drain.ts';
import { bandwidthAnnotation, destinationText, type EgressRules, problemText } from '../objects/egressrules.ts';
import type { NetNamespace } from '../objects/netnamespace.ts';
import { selectorText } from '../objects/selector-text.ts';
import { listText } from '../values/list-text.ts';
import { compareText } from '../values/names.ts';
import type { Cluster } from './cluster.ts';

/** What the rules of namespaces say that share a VNID, or of one. */
export interface RulesRow {
  readonly namespaces: readonly string[];
  readonly vnid: number;
  /** What takes an egress IP; null: everything. */
  readonly destinations: readonly string[] | null;
  /** What of that does not. */
  readonly except: readonly string[];
  /** NETWORK=EGRESSIP for what takes this one alone, the longest prefix first. */
  readonly destinationIPs: readonly string[];
  /** The label selector of the pods that all this is for; null: all of them. The others take none. */
  readonly podSelector: string | null;
}

/** What rules say, as the annotations write it. */
export function rulesShown({
  destinations,
  except,
  destinationIPs,
  podSelector,
}: EgressRules): Omit<RulesRow, 'namespaces' | 'vnid'> {
  return {
    destinations: destinations?.map(destinationText) ?? null,
    except: except.map(destinationText),
    destinationIPs: destinationIPs.map(({ cidr, egressIP }) => `${cidr.text}=${egressIP}`),
    podSelector: podSelector === undefined ? null : selectorText(podSelector),
  };
}

/** The rules of all VNIDs that request egress IPs and have some, in order of VNID. */
export function rulesRows({ netNamespaces }: Pick<Cluster, 'netNamespaces'>, state: EgressState): readonly RulesRow[] {
  const byVnid = Map.groupBy(netNamespaces, ({ vnid }) => vnid);
  return [...state.vnids].flatMap(([vnid, verdict]): RulesRow[] => {
    const rules = verdict.kind === 'normal' ? undefined : verdict.rules;
    if (rules === undefined) return [];
    const namespaces = (byVnid.get(vnid) ?? []).map(({ name }) => name).sort(compareText);
    return [{ namespaces, vnid, ...rulesShown(rules) }];
  });
}

/** The same in a sentence without its end. */
export function rulesSentence({
  destinations,
  except,
  destinationIPs,
  podSelector,
}: ReturnType<typeof rulesShown>): string {
  return [
    ...(podSelector === null ? [] : [`only pods with ${podSelector}`]),
    ...(destinations === null ? [] : [`only ${destinations.join(',')}`]),
    ...(except.length === 0 ? [] : [`not ${except.join(',')}`]),
    ...destinationIPs,
  ].join('; ');
}

/** A problem with an annotation. */
export interface RuleNote {
  readonly kind: 'NetNamespace' | 'ClusterNetwork';
  readonly name: string;
  readonly code: RuleNoteCode;
  readonly message: string;
}

export type RuleNoteCode =
  'InvalidEgressRule' | 'InvalidExcludedCIDRs' | 'EgressRulesDisagree' | 'EgressIPOfRuleNotRequested';

/** What becomes of a namespace one of whose annotations counts as absent. */
function without(annotation: string): string {
  if (annotation === drainAnnotation) return 'an egress IP that moves cuts its connections';
  return annotation === bandwidthAnnotation ? 'nothing is limited' : 'more traffic takes an egress IP, not less';
}

/** What is wrong with the annotations of single namespaces. */
function unreadable(netNamespaces: readonly NetNamespace[]): readonly RuleNote[] {
  return netNamespaces.flatMap(({ name, ruleProblems = [] }) =>
    ruleProblems.map((problem): RuleNote => ({
      ...{ kind: 'NetNamespace', name, code: 'InvalidEgressRule' },
      message: `${problemText(problem)}; it counts as absent, so that ${without(problem.annotation)}`,
    })),
  );
}

/** What is wrong with the rules of a VNID, on each of its namespaces. */
function notesOfVnid(namespaces: readonly NetNamespace[]): readonly RuleNote[] {
  const { rules, disagree } = joinedRules(namespaces, []);
  const names = namespaces.map(({ name }) => name).sort(compareText);
  const onEach = (code: RuleNoteCode, message: string): readonly RuleNote[] =>
    names.map((name) => ({ kind: 'NetNamespace', name, code, message }));
  const notRequested = unrequested(rules, requestsOf(namespaces)).flatMap((egressIP) =>
    onEach(
      'EgressIPOfRuleNotRequested',
      `${egressIP} is the egress IP for ${networksOf(namespaces, egressIP)}, and the namespace does not request it: what goes there is dropped`,
    ),
  );
  if (!disagree) return notRequested;
  return onEach(
    'EgressRulesDisagree',
    `namespaces ${names.join(', ')} share a VNID but their annotations for finer rules differ: none of these counts, and all of their traffic takes an egress IP`,
  );
}

function networksOf([first]: readonly NetNamespace[], egressIP: string): string {
  const pairs = first?.rules?.destinationIPs ?? [];
  return listText(pairs.filter((one) => one.egressIP === egressIP).map(({ cidr }) => cidr.text));
}

/** All notes on finer rules. */
export function ruleNotes({ netNamespaces, excludedProblem }: Cluster): readonly RuleNote[] {
  const ruled = new Set(netNamespaces.filter(({ rules }) => rules !== undefined).map(({ vnid }) => vnid));
  const byVnid = Map.groupBy(
    netNamespaces.filter(({ vnid }) => ruled.has(vnid)),
    ({ vnid }) => vnid,
  );
  const sorted = [...byVnid.values()].map((group) => group.toSorted((a, b) => compareText(a.name, b.name)));
  const excluded: readonly RuleNote[] =
    excludedProblem === undefined
      ? []
      : [
          {
            ...{ kind: 'ClusterNetwork', name: 'default', code: 'InvalidExcludedCIDRs' },
            message: `${problemText(excludedProblem)}; it counts as absent, so that no network is excluded`,
          },
        ];
  return [...unreadable(netNamespaces), ...sorted.flatMap(notesOfVnid), ...excluded];
}
