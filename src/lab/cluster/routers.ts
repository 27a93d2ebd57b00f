/**
 * The lab's stand-ins for the images of egress routers: they do in a pod's network what the images do with the same
 * variables. Squid and HAProxy of this machine are the proxies.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Exec, must } from '../../io/programs/exec.ts';
import { workloadItem } from '../../migrate/kinds/workload.ts';
import { haproxyConfig } from '../../migrate/proxies/haproxy.ts';
import { squidConfig } from '../../migrate/proxies/squid.ts';
import { egressSource, type Environment, environmentOf, variable } from '../../migrate/routers/environment.ts';
import {
  destinationVariables,
  modeOf,
  parseDns,
  parseHttp,
  parseRedirect,
  type Redirect,
  type RedirectRule,
} from '../../migrate/routers/mode.ts';
import { parseIpv4 } from '../../model/objects/fields.ts';
import type { PodObject } from '../../model/objects/raw.ts';
import type { Ip } from '../../model/values/address.ts';
import type { Result } from '../../model/values/result.ts';
import { unprivilegedArgv } from './unprivileged.ts';

const macvlan = 'macvlan0';
const podDevice = 'eth0';
/** A user that has no rights, but may listen at any port. */
const nobody = { uid: '65534', gid: '65534', capabilities: ['net_bind_service'] };

/** The images that there are stand-ins for: the last part of their names, without `ose-`. */
const known = /(?:^|\/)(?:ose-)?egress-(router|http-proxy|dns-proxy)(?:[:@]|$)/;

export interface RouterDeps {
  readonly exec: Exec;
  /** When it aborts what was written for running proxies is removed. */
  readonly signal: AbortSignal;
}

/** Does what the images of the pod's containers do, in their order; nothing for others. Throws what the router would say. */
export async function runRouterImages(deps: RouterDeps, pod: PodObject, netns: string): Promise<void> {
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const env = environmentOf({ configMaps: [] }, workloadItem({ kind: 'Pod', ...pod }));
  for (const { image = '' } of [...initContainers, ...containers]) {
    switch (known.exec(image)?.[1]) {
      case 'router':
        await takeAddress(deps.exec, env, netns);
        break;
      case 'http-proxy': {
        const config = squidConfig(wanted(variable(env, destinationVariables['http-proxy'], parseHttp)));
        runProxy(deps, netns, { config, argv: (file) => ['squid', '-N', '-f', file] });
        break;
      }
      case 'dns-proxy': {
        const rules = wanted(variable(env, destinationVariables['dns-proxy'], parseDns));
        const config = haproxyConfig(rules.map((rule) => ({ ...rule, listensAt: rule.port })));
        runProxy(deps, netns, { config, argv: (file) => ['haproxy', '-W', '-db', '-f', file] });
        break;
      }
      default:
    }
  }
}

function wanted<T>(value: Result<T>): T {
  if (!value.ok) throw new Error(value.error);
  return value.value;
}

/** Gives macvlan0 the router's address and makes its gateway the default; in redirect mode it forwards from then on. */
async function takeAddress(exec: Exec, env: Environment, netns: string): Promise<void> {
  const { ip: source } = wanted(egressSource(env));
  const gateway = wanted(variable(env, 'EGRESS_GATEWAY', parseIpv4));
  const inPod = (...argv: string[]): Promise<string> => must(exec, 'ip', ['netns', 'exec', netns, ...argv]);
  await inPod('ip', 'address', 'replace', `${source}/32`, 'dev', macvlan);
  await inPod('ip', 'route', 'replace', `${gateway}/32`, 'dev', macvlan);
  await inPod('ip', 'route', 'replace', 'default', 'via', gateway, 'dev', macvlan);
  await inPod('arping', '-q', '-A', '-c', '1', '-I', macvlan, source);
  if (wanted(modeOf(env)) !== 'redirect') return;
  const redirect = wanted(variable(env, destinationVariables.redirect, parseRedirect));
  await inPod('sysctl', '-qw', 'net.ipv4.ip_forward=1');
  await inPod('nft', redirectRules(redirect, source));
}

function redirectRules({ redirectRules: rules, fallbackIP }: Redirect, source: Ip): string {
  const to = ({ protocol, port, destinationIP, targetPort = port }: RedirectRule): string =>
    `iifname ${podDevice} ${protocol.toLowerCase()} dport ${port} dnat to ${destinationIP}:${targetPort};`;
  return [
    'table ip router',
    'delete table ip router',
    'table ip router {',
    'chain to {',
    'type nat hook prerouting priority -100;',
    ...rules.map(to),
    ...(fallbackIP === undefined ? [] : [`iifname ${podDevice} dnat to ${fallbackIP};`]),
    '}',
    'chain from {',
    'type nat hook postrouting priority 100;',
    `oifname ${macvlan} snat to ${source};`,
    '}',
    '}',
  ].join('\n');
}

/** Starts a proxy as a user without rights, until its pod goes. It may open again what its output goes to. */
function runProxy(
  { signal }: RouterDeps,
  netns: string,
  { config, argv }: { readonly config: string; readonly argv: (file: string) => readonly string[] },
): void {
  const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-router-'));
  chmodSync(folder, 0o755);
  const file = join(folder, 'config');
  writeFileSync(file, config, { mode: 0o644 });
  const [program = '', ...rest] = unprivilegedArgv(netns, nobody, argv(file));
  const child = spawn(program, rest, { detached: true, stdio: 'ignore' });
  const tidy = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  child.once('close', tidy);
  child.once('error', tidy);
  signal.addEventListener('abort', tidy, { once: true });
  child.unref();
}
