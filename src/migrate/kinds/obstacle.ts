/**
 * What may stall the reboots of a migration, as the migrator reads it: webhooks, disruption budgets, nmstate policies.
 */
import type { KubeObject } from '../../model/objects/raw.ts';
import { asText, fieldOf } from '../../model/values/json.ts';
import { type Item, itemOf, listAt, numberAt, textAt, textsAt } from './item.ts';

export interface WebhookItem extends Item {
  readonly kind: string;
  /** Names of the webhooks that refuse pods, nodes or namespaces when they cannot be reached. */
  readonly failClosed: readonly string[];
}

const resources: readonly string[] = ['*', '*/*', 'pods', 'nodes', 'namespaces', 'pods/eviction'];

/** Reads a webhook configuration. One without failurePolicy fails closed (admissionregistration.k8s.io/v1). */
export function webhookItem(object: KubeObject): WebhookItem {
  const failClosed = listAt(object, 'webhooks').filter(
    (one) => textAt(one, 'failurePolicy') !== 'Ignore' && listAt(one, 'rules').some(isAboutNodes),
  );
  return { ...itemOf(object), kind: object.kind ?? '', failClosed: failClosed.map((one) => textAt(one, 'name')) };
}

function isAboutNodes(rule: unknown): boolean {
  const groups = textsAt(rule, 'apiGroups');
  const isCore = groups.includes('') || groups.includes('*');
  return isCore && textsAt(rule, 'resources').some((one) => resources.includes(one));
}

export interface BudgetItem extends Item {
  /** How many of its pods may be evicted now; undefined if the status does not say. */
  readonly allowed: number | undefined;
  readonly pods: number;
}

/** Reads a PodDisruptionBudget. */
export function budgetItem(object: KubeObject): BudgetItem {
  return {
    ...itemOf(object),
    allowed: numberAt(object, 'status', 'disruptionsAllowed'),
    pods: numberAt(object, 'status', 'expectedPods') ?? 0,
  };
}

export interface NodeNetworkItem extends Item {
  /** The interfaces that it configures. */
  readonly interfaces: readonly string[];
  /** The routes that it adds. */
  readonly routes: readonly { readonly destination: string; readonly via: string }[];
}

/** Reads a NodeNetworkConfigurationPolicy. */
export function nodeNetworkItem(object: KubeObject): NodeNetworkItem {
  const interfaces = listAt(object, 'spec', 'desiredState', 'interfaces');
  return {
    ...itemOf(object),
    interfaces: interfaces.map((one) => asText(fieldOf(one, 'name'))),
    routes: listAt(object, 'spec', 'desiredState', 'routes', 'config')
      .filter((one) => textAt(one, 'state') !== 'absent')
      .map((one) => ({ destination: textAt(one, 'destination'), via: textAt(one, 'next-hop-interface') })),
  };
}
