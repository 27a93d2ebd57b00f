/**
 * Decides on the EgressFirewall `default` of a namespace: open with the rules of its EgressNetworkPolicy, or closed
 * while the namespace asks for an egress IP and has none. The user's own rules are kept meanwhile and come back. Pure.
 */
import { apiVersionOf, egressFirewalls } from '../../../api/kinds.ts';
import type { FirewallRule } from '../../migrate/targets/ovn/firewall/rules.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { managedBy, managedByLabel } from '../../model/objects/well-known.ts';
import { asList, fieldOf, isRecord, jsonEqual, jsonIn, jsonOf, sortedText } from '../../model/values/json.ts';
import { closedAnnotation, ownRulesAnnotation } from './marks.ts';
import type { MergePatch } from './merge-patch.ts';

/** What an EgressFirewall should be. */
export interface FirewallWish {
  readonly namespace: string;
  readonly isClosed: boolean;
  /** The rules that close it. */
  readonly closedRules: readonly FirewallRule[];
  /** The rules of the EgressNetworkPolicy; undefined if there is none. */
  readonly rules: readonly FirewallRule[] | undefined;
  /** What is kept elsewhere of a firewall that closes the namespace: its annotations may be lost. */
  readonly kept?: Kept | undefined;
}

/** The user's own rules and those that close the namespace, as JSON. */
export interface Kept {
  readonly own: string;
  readonly closed: string;
}

export type FirewallStep =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'create'; readonly object: KubeObject }
  /** A merge patch. */
  | { readonly kind: 'patch'; readonly patch: MergePatch }
  | { readonly kind: 'delete' }
  /** Its rules are the user's own and differ from those of the policy. They stay. */
  | { readonly kind: 'foreign' };

/** Whether the EgressFirewall closes its namespace by our hand. */
export function isClosing(live: KubeObject | undefined): boolean {
  return live?.metadata.annotations?.[closedAnnotation] !== undefined && rulesText(live) === recorded(live);
}

/** Whether somebody wrote other rules over those that close the namespace. */
export function isOverwritten(live: KubeObject): boolean {
  return recorded(live) !== '' && !isClosing(live);
}

function recorded({ metadata }: KubeObject): string {
  return metadata.annotations?.[closedAnnotation] ?? '';
}

function egressOf(live: KubeObject): readonly unknown[] {
  return asList(fieldOf(live, 'spec', 'egress'));
}

/** Servers keep the order of rules, not that of their fields. */
function rulesText(live: KubeObject): string {
  return sortedText(egressOf(live));
}

/** The step that brings the EgressFirewall to what it should be; `live` is undefined if there is none. */
export function firewallStep(live: KubeObject | undefined, wish: FirewallWish): FirewallStep {
  if (wish.isClosed) return live === undefined ? closedNew(wish) : closeStep(live, wish);
  if (live === undefined) return wish.rules === undefined ? { kind: 'nothing' } : created(wish, wish.rules, {});
  const marked = withMarks(live, wish.kept);
  const isMarked = recorded(marked) !== '' || keptRules(marked) !== undefined;
  return isMarked ? reopenStep(marked, wish) : openStep(live, wish);
}

/** What must be kept elsewhere too once the step is done; undefined if the firewall will have no rules of a user to give back. */
export function keptAfter(step: FirewallStep, live: KubeObject | undefined): Kept | undefined {
  const before = live?.metadata.annotations ?? {};
  const changed = fieldOf(step.kind === 'patch' ? step.patch : {}, 'metadata', 'annotations');
  const after = { ...before, ...(isRecord(changed) ? changed : {}) };
  const [own, closed] = [after[ownRulesAnnotation], after[closedAnnotation]];
  if (step.kind === 'create' || step.kind === 'delete') return undefined;
  return typeof own === 'string' && typeof closed === 'string' ? { own, closed } : undefined;
}

/** Reads what `keptText` says; undefined if it says nothing. */
export function keptIn(text: string | undefined): Kept | undefined {
  const value = text === undefined ? undefined : jsonIn(text);
  const [own, closed] = [fieldOf(value, 'own'), fieldOf(value, 'closed')];
  return Array.isArray(own) && Array.isArray(closed) ? { own: sortedText(own), closed: sortedText(closed) } : undefined;
}

/** The text for an annotation. */
export function keptText({ own, closed }: Kept): string {
  return sortedText({ own: jsonIn(own), closed: jsonIn(closed) });
}

/** The firewall with the marks that it had, if it still has the rules that close its namespace. */
function withMarks(live: KubeObject, kept: Kept | undefined): KubeObject {
  if (kept === undefined || rulesText(live) !== kept.closed) return live;
  const { [ownRulesAnnotation]: own = kept.own, ...annotations } = live.metadata.annotations ?? {};
  const marks = { ...annotations, [closedAnnotation]: kept.closed, [ownRulesAnnotation]: own };
  return { ...live, metadata: { ...live.metadata, annotations: marks } };
}

function created(
  { namespace }: FirewallWish,
  egress: readonly FirewallRule[],
  annotations: Readonly<Record<string, string>>,
): FirewallStep {
  const object: KubeObject & { readonly spec: unknown } = {
    apiVersion: apiVersionOf(egressFirewalls),
    kind: egressFirewalls.kind,
    metadata: { name: 'default', namespace, labels: { ...managedBy }, annotations },
    spec: { egress },
  };
  return { kind: 'create', object };
}

function closedNew(wish: FirewallWish): FirewallStep {
  return created(wish, wish.closedRules, { [closedAnnotation]: sortedText(wish.closedRules) });
}

function isUsersNewest(live: KubeObject): boolean {
  return isClosing(live) ? false : recorded(live) !== '' || !isOurs(live);
}

/** The user's own rules, which come back when the namespace is opened. */
function keptRules(live: KubeObject): unknown {
  const text = ownText(live);
  return text === undefined ? undefined : jsonIn(text);
}

function ownText({ metadata }: KubeObject): string | undefined {
  return metadata.annotations?.[ownRulesAnnotation];
}

function closeStep(live: KubeObject, { closedRules, kept }: FirewallWish): FirewallStep {
  const text = sortedText(closedRules);
  const marked = withMarks(live, kept);
  const own = ownText(marked);
  if (isClosing(live) && recorded(live) === text && own === ownText(live)) return { kind: 'nothing' };
  // rules that somebody wrote over the closing ones are the user's newest; closing ones are not, whatever marks are gone
  const isUsers = rulesText(live) === text && own !== undefined ? false : isUsersNewest(marked);
  const rules = isUsers ? rulesText(live) : own;
  return {
    kind: 'patch',
    patch: {
      spec: { egress: closedRules },
      metadata: {
        annotations: { [closedAnnotation]: text, ...(rules === undefined ? {} : { [ownRulesAnnotation]: rules }) },
      },
    },
  };
}

/** Opens what was closed: with the user's own rules, with those of the policy, or by removing what was made for it. */
function reopenStep(live: KubeObject, { rules, closedRules }: FirewallWish): FirewallStep {
  const own = keptRules(live);
  // with the user's own rules it is the user's from now on, also if it was made to close the namespace
  const labels = rules === undefined && isOurs(live) ? { labels: { [managedByLabel]: null } } : {};
  const metadata = { annotations: { [closedAnnotation]: null, [ownRulesAnnotation]: null }, ...labels };
  // the user wrote others while it was closed
  const isUnmarked = own !== undefined && rulesText(live) === sortedText(closedRules);
  if (!isClosing(live) && !isUnmarked) return { kind: 'patch', patch: { metadata } };
  if (own !== undefined && !isOurs(live)) return { kind: 'patch', patch: { spec: { egress: own }, metadata } };
  if (rules !== undefined) return { kind: 'patch', patch: { spec: { egress: rules }, metadata } };
  return own === undefined ? { kind: 'delete' } : { kind: 'patch', patch: { spec: { egress: own }, metadata } };
}

function openStep(live: KubeObject, { rules }: FirewallWish): FirewallStep {
  if (rules === undefined) return isOurs(live) ? { kind: 'delete' } : { kind: 'nothing' };
  if (isSame(egressOf(live), rules))
    return isOurs(live) ? { kind: 'nothing' } : { kind: 'patch', patch: { metadata: { labels: { ...managedBy } } } };
  return isOurs(live) ? { kind: 'patch', patch: { spec: { egress: rules } } } : { kind: 'foreign' };
}

/** Whether we made it, or took it over because its rules were those of the policy. */
function isOurs({ metadata }: KubeObject): boolean {
  return metadata.labels?.[managedByLabel] === managedBy[managedByLabel];
}

/** Whether the rules are the same, with or without the one before them that allows all nodes. */
function isSame(live: readonly unknown[], rules: readonly FirewallRule[]): boolean {
  return jsonEqual(jsonOf(withoutNodes(live)), jsonOf(withoutNodes(rules)));
}

const allNodes = jsonOf({ type: 'Allow', to: { nodeSelector: {} } });

function withoutNodes(rules: readonly unknown[]): readonly unknown[] {
  return jsonEqual(jsonOf(rules[0] ?? null), allNodes) ? rules.slice(1) : rules;
}
