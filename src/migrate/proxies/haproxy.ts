/** The configuration of HAProxy that does what an egress router in DNS or redirect mode does with TCP. Pure. */
import { parseIpv4 } from '../../model/objects/fields.ts';
import type { DnsRule } from '../routers/mode.ts';

/** A port that clients use, and where the proxy listens for it. */
export interface Listener extends DnsRule {
  readonly listensAt: number;
}

/** The first port to listen at in place of one that only root may use. */
const firstFree = 20_000;

/** The listeners: each at its own port, if everybody may listen there. */
export function listenersFor(rules: readonly DnsRule[]): readonly Listener[] {
  const taken = new Set(rules.map(({ port }) => port));
  let next = firstFree;
  return rules.map((rule) => {
    if (rule.port >= 1024) return { ...rule, listensAt: rule.port };
    while (taken.has(next)) next += 1;
    taken.add(next);
    return { ...rule, listensAt: next };
  });
}

/** The most addresses of one name that are used. */
const mostAddresses = 10;

/** The configuration. Names are resolved again and again by the pod's own servers; one that is unknown stops no other. */
export function haproxyConfig(listeners: readonly Listener[]): string {
  const sections = listeners.flatMap(({ port, host, targetPort, listensAt }) => [
    '',
    `listen port-${port}`,
    `  bind :${listensAt}`,
    parseIpv4(host).ok
      ? `  server target ${host}:${targetPort}`
      : `  server-template target ${mostAddresses} ${host}:${targetPort} check resolvers pod resolve-prefer ipv4 init-addr none`,
  ]);
  return [
    'global',
    '  log stdout format raw daemon',
    'defaults',
    '  mode tcp',
    '  log global',
    '  option tcplog',
    '  timeout connect 10s',
    '  timeout client 1h',
    '  timeout server 1h',
    'resolvers pod',
    '  parse-resolv-conf',
    '  accepted_payload_size 4096',
    '  hold valid 10s',
    ...sections,
    '',
  ].join('\n');
}
