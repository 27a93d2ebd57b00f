/** Turns the variables of an egress router in redirect mode into the spec of an EgressRouter. */
import { parseIpv4 } from '../../../../model/objects/fields.ts';
import { type Ip, parseIfaddr, parseIp } from '../../../../model/values/address.ts';
import { err, ok, type Result } from '../../../../model/values/result.ts';

interface RedirectRule {
  readonly destinationIP: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly targetPort?: number;
}

/** Spec of network.operator.openshift.io/v1 EgressRouter. */
export interface RouterSpec {
  readonly mode: 'Redirect';
  readonly networkInterface: { readonly macvlan: { readonly mode: 'Bridge' } };
  readonly addresses: readonly [{ readonly ip: string; readonly gateway: string }];
  readonly redirect: { readonly redirectRules: readonly RedirectRule[]; readonly fallbackIP?: string };
}

type Environment = ReadonlyMap<string, Result<string>>;

/** Modes in which the router redirects, as it does if none is named. */
const redirectModes: readonly string[] = ['', 'init', 'legacy', 'redirect'];

/** The spec, or why there is none. `prefixOf` returns the prefix length of the node network of an address. */
export function routerSpec(env: Environment, prefixOf: (ip: Ip) => number | undefined): Result<RouterSpec> {
  const mode = env.has('EGRESS_ROUTER_MODE') ? variable(env, 'EGRESS_ROUTER_MODE') : ok('');
  if (!mode.ok) return mode;
  for (const [name, what] of [
    ['EGRESS_HTTP_PROXY_DESTINATION', 'HTTP proxy'],
    ['EGRESS_DNS_PROXY_DESTINATION', 'DNS proxy'],
  ] as const) {
    if (env.has(name))
      return err(`it is an ${what}, and OVN-Kubernetes's egress router only redirects`.replace('an DNS', 'a DNS'));
  }
  if (!redirectModes.includes(mode.value))
    return err(`its mode is ${JSON.stringify(mode.value)}, and OVN-Kubernetes's egress router only redirects`);
  const source = sourceOf(env, prefixOf);
  if (!source.ok) return source;
  const gateway = variable(env, 'EGRESS_GATEWAY', parseIpv4);
  if (!gateway.ok) return gateway;
  const redirect = variable(env, 'EGRESS_DESTINATION', parseDestination);
  if (!redirect.ok) return redirect;
  return ok({
    mode: 'Redirect',
    networkInterface: { macvlan: { mode: 'Bridge' } },
    addresses: [{ ip: source.value, gateway: gateway.value }],
    redirect: redirect.value,
  });
}

function variable(env: Environment, name: string): Result<string>;
function variable<T>(env: Environment, name: string, parse: (text: string) => Result<T>): Result<T>;
function variable(env: Environment, name: string, parse: (text: string) => Result<unknown> = ok): Result<unknown> {
  const value = env.get(name) ?? err('there is none');
  const parsed = value.ok ? parse(value.value.trim()) : value;
  return parsed.ok ? parsed : err(`${name}: ${parsed.error}`);
}

function sourceOf(env: Environment, prefixOf: (ip: Ip) => number | undefined): Result<string> {
  return variable(env, 'EGRESS_SOURCE', (text) => {
    const withPrefix = parseIfaddr(text);
    if (withPrefix.ok) return ok(text);
    const ip = parseIp(text);
    if (!ip.ok) return ip;
    const length = prefixOf(ip.value);
    return length === undefined
      ? err(`${text} has no prefix length, and no node's network holds it`)
      : ok(`${text}/${length}`);
  });
}

/** Parses lines of `PORT PROTO IP [TARGETPORT]`. The last may be an address for all other traffic; `#` comments. */
function parseDestination(text: string): Result<RouterSpec['redirect']> {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
  const redirectRules: RedirectRule[] = [];
  for (const [index, line] of lines.entries()) {
    const fallback = index === lines.length - 1 ? parseIpv4(line) : undefined;
    if (fallback?.ok === true) return ok({ redirectRules, fallbackIP: fallback.value });
    const rule = parseRule(line);
    if (rule === undefined) return err(`${JSON.stringify(line)} is no PORT PROTOCOL ADDRESS [TARGETPORT]`);
    redirectRules.push(rule);
  }
  return lines.length === 0 ? err('it is empty') : ok({ redirectRules });
}

function parseRule(line: string): RedirectRule | undefined {
  const [portText = '', protocolText = '', address = '', target, ...more] = line.split(/\s+/);
  const [port, targetPort] = [portOf(portText), target === undefined ? undefined : portOf(target)];
  const protocol = (['TCP', 'UDP', 'SCTP'] as const).find((one) => one === protocolText.toUpperCase());
  const ip = parseIpv4(address);
  if (port === undefined || protocol === undefined || !ip.ok || more.length > 0) return undefined;
  if (target === undefined) return { destinationIP: ip.value, port, protocol };
  return targetPort === undefined ? undefined : { destinationIP: ip.value, port, protocol, targetPort };
}

function portOf(text: string): number | undefined {
  const port = Number(text);
  return /^\d+$/.test(text) && port >= 1 && port <= 65535 ? port : undefined;
}
