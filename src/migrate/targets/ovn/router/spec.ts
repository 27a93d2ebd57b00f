/** Turns the variables of an egress router in redirect mode into the spec of an EgressRouter. */
import { parseIpv4 } from '../../../../model/objects/fields.ts';
import type { Ip } from '../../../../model/values/address.ts';
import { err, ok, type Result } from '../../../../model/values/result.ts';
import { egressSource, type Environment, variable } from '../../../routers/environment.ts';
import { destinationVariables, modeOf, parseRedirect, type Redirect } from '../../../routers/mode.ts';

/** Spec of network.operator.openshift.io/v1 EgressRouter. */
export interface RouterSpec {
  readonly mode: 'Redirect';
  readonly networkInterface: { readonly macvlan: { readonly mode: 'Bridge' } };
  readonly addresses: readonly [{ readonly ip: string; readonly gateway: string }];
  readonly redirect: Redirect;
}

const others = { 'http-proxy': 'an HTTP proxy', 'dns-proxy': 'a DNS proxy' } as const;

/** The spec, or why there is none. `prefixOf` returns the prefix length of the node network of an address. */
export function routerSpec(env: Environment, prefixOf: (ip: Ip) => number | undefined): Result<RouterSpec> {
  const mode = modeOf(env);
  if (!mode.ok) return mode;
  if (mode.value !== 'redirect')
    return err(`it is ${others[mode.value]}, and OVN-Kubernetes's egress router only redirects`);
  const source = sourceOf(env, prefixOf);
  if (!source.ok) return source;
  const gateway = variable(env, 'EGRESS_GATEWAY', parseIpv4);
  if (!gateway.ok) return gateway;
  const redirect = variable(env, destinationVariables.redirect, parseRedirect);
  if (!redirect.ok) return redirect;
  return ok({
    mode: 'Redirect',
    networkInterface: { macvlan: { mode: 'Bridge' } },
    addresses: [{ ip: source.value, gateway: gateway.value }],
    redirect: redirect.value,
  });
}

function sourceOf(env: Environment, prefixOf: (ip: Ip) => number | undefined): Result<string> {
  const source = egressSource(env);
  if (!source.ok) return source;
  const { ip, prefixLength = prefixOf(ip) } = source.value;
  return prefixLength === undefined
    ? err(`EGRESS_SOURCE: ${ip} has no prefix length, and no node's network holds it`)
    : ok(`${ip}/${prefixLength}`);
}
