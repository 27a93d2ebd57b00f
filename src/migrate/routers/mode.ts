/** In which mode an egress router is, and what it does there. Rules of the images of OpenShift SDN's egress routers. */
import { parseIpv4 } from '../../model/objects/fields.ts';
import { parseIfaddr } from '../../model/values/address.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { type Environment, linesOf, portOf, variable } from './environment.ts';

/** A rule of redirect mode: what comes in at a port goes to an address. */
export interface RedirectRule {
  readonly destinationIP: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Absent: the same port. */
  readonly targetPort?: number;
}

export interface Redirect {
  readonly redirectRules: readonly RedirectRule[];
  /** Where all other traffic goes; absent: nowhere. */
  readonly fallbackIP?: string;
}

/** A rule of HTTP mode. The first that fits decides; what none fits is denied. */
export interface HttpRule {
  readonly allows: boolean;
  readonly to:
    | { readonly kind: 'all' }
    | { readonly kind: 'network'; readonly cidr: string }
    /** A name, or with a dot before it all names below it too. */
    | { readonly kind: 'name'; readonly name: string };
}

/** A line of DNS mode: TCP that comes in at a port goes to a host. */
export interface DnsRule {
  readonly port: number;
  /** A name or an IPv4 address. */
  readonly host: string;
  readonly targetPort: number;
}

export type RouterMode = 'redirect' | 'http-proxy' | 'dns-proxy';

/** Modes in which the router redirects, as it does if none is named. */
const redirectModes: readonly string[] = ['', 'init', 'legacy', 'redirect'];

/** The variables with the destinations of each mode. */
export const destinationVariables = {
  redirect: 'EGRESS_DESTINATION',
  'http-proxy': 'EGRESS_HTTP_PROXY_DESTINATION',
  'dns-proxy': 'EGRESS_DNS_PROXY_DESTINATION',
} as const;

/** The mode of the router; an error if its value is none of them, or cannot be known. */
export function modeOf(env: Environment): Result<RouterMode> {
  const named = env.has('EGRESS_ROUTER_MODE') ? variable(env, 'EGRESS_ROUTER_MODE') : ok('');
  if (!named.ok) return named;
  for (const mode of ['http-proxy', 'dns-proxy'] as const) {
    if (named.value === mode || env.has(destinationVariables[mode])) return ok(mode);
  }
  return redirectModes.includes(named.value)
    ? ok('redirect')
    : err(`EGRESS_ROUTER_MODE: ${JSON.stringify(named.value)} is no mode of an egress router`);
}

/** Parses lines of `PORT PROTO IP [TARGETPORT]`. The last may be an address for all other traffic; `#` comments. */
export function parseRedirect(text: string): Result<Redirect> {
  const lines = linesOf(text);
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

/** A name that DNS may have; nothing of it means anything to the configuration of a proxy. */
const hostName =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

/** Parses lines of an address, a CIDR, a name, `*.DOMAIN`, each with `!` before it to deny it, and last maybe `*`. */
export function parseHttp(text: string): Result<readonly HttpRule[]> {
  const lines = linesOf(text);
  const rules: HttpRule[] = [];
  for (const [index, line] of lines.entries()) {
    const rule = parseHttpRule(line);
    if (!rule.ok) return rule;
    if (rule.value.to.kind === 'all' && index < lines.length - 1)
      return err(`${JSON.stringify(line)} must be the last line, because nothing after it counts`);
    rules.push(rule.value);
  }
  return lines.length === 0 ? err('it is empty') : ok(rules);
}

function parseHttpRule(line: string): Result<HttpRule> {
  const allows = !line.startsWith('!');
  const what = allows ? line : line.slice(1).trim();
  if (what === '*') return ok({ allows, to: { kind: 'all' } });
  const network = parseIfaddr(parseIpv4(what).ok ? `${what}/32` : what);
  if (network.ok) return ok({ allows, to: { kind: 'network', cidr: network.value.network.text } });
  const name = what.startsWith('*.') ? what.slice(2) : what;
  if (!hostName.test(name) || /^[\d.]+$/.test(name))
    return err(`${JSON.stringify(line)} is no address, no CIDR, no name, and no *.DOMAIN`);
  const lower = name.toLowerCase();
  return ok({ allows, to: { kind: 'name', name: what === name ? lower : `.${lower}` } });
}

/** Parses lines of `PORT HOST [TARGETPORT]`; a port may be there once. */
export function parseDns(text: string): Result<readonly DnsRule[]> {
  const rules: DnsRule[] = [];
  for (const line of linesOf(text)) {
    const [portText = '', host = '', target = portText, ...more] = line.split(/\s+/);
    const [port, targetPort] = [portOf(portText), portOf(target)];
    const isHost = /^[\d.]+$/.test(host) ? parseIpv4(host).ok : hostName.test(host);
    if (port === undefined || targetPort === undefined || !isHost || more.length > 0)
      return err(`${JSON.stringify(line)} is no PORT HOST [TARGETPORT]`);
    if (rules.some((one) => one.port === port)) return err(`port ${port} is there twice`);
    rules.push({ port, host: host.toLowerCase(), targetPort });
  }
  return rules.length === 0 ? err('it is empty') : ok(rules);
}
