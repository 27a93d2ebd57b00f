/**
 * Decides on the EgressFirewall `default` of a namespace: open with the rules of its EgressNetworkPolicy, or closed
 * while the namespace asks for an egress IP and has none. The user's own rules are kept meanwhile and come back. Pure.
 */
import { apiVersionOf, egressFirewalls } from '../../../api/kinds.ts';
import type { FirewallRule } from '../../migrate/targets/ovn/firewall/rules.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { managedBy, managedByLabel } from '../../model/objects/well-known.ts';
import { asList, fieldOf, jsonEqual, jsonIn, jsonOf, sortedText } from '../../model/values/json.ts';
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
  const isMarked = recorded(live) !== '' || keptRules(live) !== undefined;
  return isMarked ? reopenStep(live, wish) : openStep(live, wish);
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
function keptRules({ metadata }: KubeObject): unknown {
  const kept = metadata.annotations?.[ownRulesAnnotation];
  return kept === undefined ? undefined : jsonIn(kept);
}

function closeStep(live: KubeObject, { closedRules }: FirewallWish): FirewallStep {
  const text = sortedText(closedRules);
  if (isClosing(live) && recorded(live) === text) return { kind: 'nothing' };
  // rules that somebody wrote over the closing ones are the user's newest; closing ones are not, whatever marks are gone
  const isUsers = rulesText(live) === text && keptRules(live) !== undefined ? false : isUsersNewest(live);
  return {
    kind: 'patch',
    patch: {
      spec: { egress: closedRules },
      metadata: {
        annotations: { [closedAnnotation]: text, ...(isUsers ? { [ownRulesAnnotation]: rulesText(live) } : {}) },
      },
    },
  };
}

/** Opens what was closed: with the user's own rules, with those of the policy, or by removing what was made for it. */
function reopenStep(live: KubeObject, { rules, closedRules }: FirewallWish): FirewallStep {
  const own = keptRules(live);
  const metadata = { annotations: { [closedAnnotation]: null, [ownRulesAnnotation]: null } };
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
