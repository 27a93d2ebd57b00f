/** Rights as texts, VERB RESOURCE each: what roles grant, and what a ServiceAccount asked for. */
import type { Judged } from '../../../src/apiserver/serve/authorize.ts';

export interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** What the rules of a role grant. */
export const rightsOf = ({ rules }: { readonly rules: readonly Rule[] }): readonly string[] =>
  rules.flatMap(({ resources, verbs }) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)));

/** What the ServiceAccount of that name asked for, without paths that are no resource. */
export function usedBy(account: string, judged: readonly Judged[]): ReadonlySet<string> {
  const own = judged.filter(({ user }) => user.endsWith(`:${account}`));
  return new Set(own.flatMap(({ request }) => ('path' in request ? [] : [`${request.verb} ${request.resource}`])));
}
