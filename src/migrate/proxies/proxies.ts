/** Proxies in place of egress routers for which the new network plugin has no object. Pure. */
import type { KubeObject } from '../../model/objects/raw.ts';
import type { Ip } from '../../model/values/address.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import {
  egressSource,
  type Environment,
  environmentOf,
  isRouter,
  macvlanHolders,
  variable,
} from '../routers/environment.ts';
import {
  destinationVariables,
  type DnsRule,
  modeOf,
  parseDns,
  parseHttp,
  parseRedirect,
  type Redirect,
  type RouterMode,
} from '../routers/mode.ts';
import type { Snapshot } from '../snapshot.ts';
import { Given } from './given.ts';
import { haproxyConfig, listenersFor } from './haproxy.ts';
import { configFolder, type Program, proxyObjects, type ServicePort } from './manifests.ts';
import { httpPort, squidConfig } from './squid.ts';

export interface ProxyOptions {
  /** Only routers of these namespaces; empty: of all. */
  readonly namespaces: readonly string[];
  /** Also in place of routers in redirect mode, for TCP alone. */
  readonly redirect: boolean;
  /** Whether the new plugin is OVN-Kubernetes, which can give single pods an egress IP. */
  readonly hasEgressIPs: boolean;
  /** The user that pods run as; undefined: the cluster or the image says. */
  readonly user: number | undefined;
  readonly images: { readonly squid: string; readonly haproxy: string };
}

/** The router in whose place a proxy is. */
export interface RouterRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Proxy {
  readonly router: RouterRef;
  readonly mode: RouterMode;
  readonly objects: readonly KubeObject[];
  /** What an admin must know before they are made. */
  readonly notes: readonly string[];
}

export interface Proxies {
  readonly proxies: readonly Proxy[];
  /** Routers in place of which there can be no proxy, and why. */
  readonly refused: readonly { readonly router: RouterRef; readonly reason: string }[];
}

/** The proxies in place of the egress routers in HTTP and DNS mode, and of those in redirect mode if that is wanted. */
export function proxiesOf(snapshot: Snapshot, options: ProxyOptions): Proxies {
  const found = macvlanHolders(snapshot)
    .filter(({ namespace }) => options.namespaces.length === 0 || options.namespaces.includes(namespace))
    .map((item) => ({ item, env: environmentOf(snapshot, item) }))
    .filter(({ env }) => isRouter(env));
  const making = { options, given: new Given(snapshot) };
  const proxies: Proxy[] = [];
  const refused: { router: RouterRef; reason: string }[] = [];
  for (const { item, env } of found) {
    const router = { kind: item.kind, namespace: item.namespace, name: item.name };
    const mode = modeOf(env);
    if (mode.ok && mode.value === 'redirect' && !options.redirect) continue;
    const proxy = mode.ok ? proxyFor(router, env, mode.value, making) : mode;
    if (proxy.ok) proxies.push(proxy.value);
    else refused.push({ router, reason: proxy.error });
  }
  return { proxies, refused };
}

interface Making {
  readonly options: ProxyOptions;
  readonly given: Given;
}

/** What a proxy does in place of a router. */
interface Work {
  readonly program: Program;
  readonly ports: readonly ServicePort[];
  readonly notes: readonly string[];
}

function workOf(env: Environment, mode: RouterMode, { images }: ProxyOptions): Result<Work> {
  switch (mode) {
    case 'http-proxy': {
      const rules = variable(env, destinationVariables[mode], parseHttp);
      if (!rules.ok) return rules;
      const file = 'squid.conf';
      const command = ['/usr/sbin/squid', '-N', '-f', `${configFolder}/${file}`];
      const program = { image: images.squid, command, file, config: squidConfig(rules.value) };
      return ok({ program, ports: [{ port: httpPort, listensAt: httpPort }], notes: [] });
    }
    case 'dns-proxy': {
      const rules = variable(env, destinationVariables[mode], parseDns);
      return rules.ok ? ok(forwarding(rules.value, images.haproxy)) : rules;
    }
    case 'redirect': {
      const redirect = variable(env, destinationVariables[mode], parseRedirect);
      if (!redirect.ok) return redirect;
      const rules = tcpOf(redirect.value);
      if (rules.length === 0) return err('it has no rule for a TCP port, and a proxy cannot do the others');
      return ok({ ...forwarding(rules, images.haproxy), notes: leftOut(redirect.value) });
    }
  }
}

function forwarding(rules: readonly DnsRule[], image: string): Work {
  const listeners = listenersFor(rules);
  const file = 'haproxy.cfg';
  const command = ['haproxy', '-W', '-db', '-f', `${configFolder}/${file}`];
  return { program: { image, command, file, config: haproxyConfig(listeners) }, ports: listeners, notes: [] };
}

/** The rules for TCP; of several for one port the first counts, as for the router. */
function tcpOf({ redirectRules }: Redirect): readonly DnsRule[] {
  const byPort = new Map<number, DnsRule>();
  for (const { protocol, port, destinationIP, targetPort = port } of redirectRules) {
    if (protocol === 'TCP' && !byPort.has(port)) byPort.set(port, { port, host: destinationIP, targetPort });
  }
  return [...byPort.values()];
}

function leftOut({ redirectRules, fallbackIP }: Redirect): readonly string[] {
  const others = redirectRules.filter(({ protocol }) => protocol !== 'TCP');
  return [
    ...others.map(
      ({ protocol, port, destinationIP }) =>
        `not done: ${protocol} port ${port} to ${destinationIP}, because the proxy forwards TCP alone`,
    ),
    ...(fallbackIP === undefined
      ? []
      : [`not done: all other traffic to ${fallbackIP}, because the proxy forwards the ports above alone`]),
  ];
}

function proxyFor(router: RouterRef, env: Environment, mode: RouterMode, making: Making): Result<Proxy> {
  const work = workOf(env, mode, making.options);
  if (!work.ok) return work;
  const { program, ports, notes } = work.value;
  const { namespace } = router;
  const name = making.given.name(router);
  const source = sourceFor(router, env, making);
  const leaving = source.ok
    ? `its pods leave with ${source.value}, the address of the router, which must be stopped before the EgressIP is made`
    : `its pods leave as all of namespace ${namespace} do: ${source.error}`;
  const egressIP = source.ok ? source.value : undefined;
  return ok({
    router,
    mode,
    objects: proxyObjects({ namespace, name, program, ports, egressIP, user: making.options.user }),
    notes: [
      leaving,
      `clients use Service ${name} of namespace ${namespace} instead of the router's`,
      ...policiesOf(making.given.snapshot, namespace),
      ...notes,
    ],
  });
}

/** The address for an EgressIP of the proxy's pods, or why there is none. */
function sourceFor(router: RouterRef, env: Environment, { options, given }: Making): Result<Ip> {
  if (!options.hasEgressIPs) return err('only OVN-Kubernetes gives single pods an EgressIP');
  if (given.isUnknown) return err('what other namespaces and nodes have could not be read');
  const requested = given.requests(router.namespace);
  if (requested.length > 0) return err(`it requests ${requested.join(', ')}, and a pod can have one EgressIP only`);
  const source = egressSource(env);
  if (!source.ok) return source;
  const { ip } = source.value;
  const other = given.take(ip, `${router.kind} ${router.namespace}/${router.name}`);
  return other === undefined ? ok(ip) : err(`${ip} is that of ${other}`);
}

/** A router's second interface passes egress policies by; a proxy does not. */
function policiesOf({ egressPolicies }: Snapshot, namespace: string): readonly string[] {
  return egressPolicies
    .filter((one) => one.namespace === namespace)
    .map(
      ({ name }) =>
        `EgressNetworkPolicy ${name} holds for the proxy, unlike for the router: let it allow the destinations`,
    );
}
