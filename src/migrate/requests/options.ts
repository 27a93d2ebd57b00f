/** Options that every target has which makes objects of requests. */
import type { Json } from '../../model/values/json.ts';
import { err, ok } from '../../model/values/result.ts';
import type { PlanOption } from '../target.ts';

/** The beginning of the names of what is made. */
export const prefixOption: PlanOption = {
  key: 'prefix',
  flags: '--prefix <name>',
  description: 'names of EgressIPs are PREFIX-NAMESPACE',
  unset: 'egressip',
  read: (text) =>
    /^[a-z0-9]([a-z0-9-]{0,100}[a-z0-9])?$/.test(text)
      ? ok(text)
      : err('it must be the beginning of an object name: lower case letters, digits and hyphens.'),
};

/** Of targets that make nothing of EgressNetworkPolicies. */
export const dropPoliciesOption: PlanOption = {
  key: 'dropPolicies',
  flags: '--drop-policies',
  description: 'make nothing of EgressNetworkPolicies that close something today, and warn only',
  unset: false,
};

/** The texts of a list; undefined if it is none. */
export function textsOf(value: Json | undefined): readonly string[] | undefined {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
}
