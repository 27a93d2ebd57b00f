/** The configuration of Squid that does what an egress router in HTTP mode does. Pure. */
import type { HttpRule } from '../routers/mode.ts';

/** Where an egress router in HTTP mode listens. */
export const httpPort = 8080;

/**
 * The configuration: Squid writes to no file, needs no user of its own, and keeps nothing. Names are compared as the
 * client wrote them (`-n`), so that who owns the reverse zone of an address does not decide where clients may go.
 */
export function squidConfig(rules: readonly HttpRule[]): string {
  const lines = rules.flatMap(({ allows, to }, index) => {
    const access = `http_access ${allows ? 'allow' : 'deny'}`;
    const name = `rule${index + 1}`;
    switch (to.kind) {
      case 'all':
        return [`${access} all`];
      case 'network':
        return [`acl ${name} dst ${to.cidr}`, `${access} ${name}`];
      case 'name':
        return [`acl ${name} dstdomain -n ${to.name}`, `${access} ${name}`];
    }
  });
  const isDecided = rules.at(-1)?.to.kind === 'all';
  return [
    `http_port ${httpPort}`,
    ...lines,
    ...(isDecided ? [] : ['http_access deny all']),
    'cache deny all',
    'visible_hostname egress-proxy',
    'pinger_enable off',
    'forwarded_for delete',
    'pid_filename none',
    'netdb_filename none',
    'access_log stdio:/dev/stdout',
    'cache_log /dev/stderr',
    'coredump_dir /tmp',
    'shutdown_lifetime 10 seconds',
    '',
  ].join('\n');
}
