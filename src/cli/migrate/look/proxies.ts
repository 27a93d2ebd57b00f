/** `sdn-compat migrate proxies`: prints manifests of proxies in place of egress routers that get no object. */
import { type Proxies, proxiesOf, type Proxy, type RouterRef } from '../../../migrate/proxies/proxies.ts';
import { vendorsPlugin, wantedFor } from '../../../migrate/targets.ts';
import { formatted, print, report } from '../../output.ts';
import { progressLines, readSnapshot, type SourceFlags } from '../source.ts';

export interface ProxiesFlags extends SourceFlags {
  readonly to: string;
  readonly namespace: readonly string[];
  readonly redirect: boolean;
  readonly squidImage: string;
  readonly haproxyImage: string;
  readonly runAsUser?: number;
  readonly output: 'yaml' | 'json';
}

/** Reads the input and prints the manifests; what cannot be done goes to standard error, with exit status 1. */
export async function runProxies(flags: ProxiesFlags): Promise<void> {
  const snapshot = await readSnapshot(flags, progressLines(), { kinds: wantedFor({ target: flags.to }) });
  const proxies = proxiesOf(snapshot, {
    namespaces: flags.namespace,
    redirect: flags.redirect,
    hasEgressIPs: flags.to === vendorsPlugin.name,
    user: flags.runAsUser,
    images: { squid: flags.squidImage, haproxy: flags.haproxyImage },
  });
  print(flags.output === 'json' ? await formatted(proxies, 'json', () => '') : await manifests(proxies));
  for (const { router, reason } of proxies.refused) report(`no proxy in place of ${refText(router)}: ${reason}\n`);
  for (const one of snapshot.unread)
    report(`not read, and there may be more routers: ${one.kind.plural}: ${one.reason}\n`);
  for (const { file, reason } of snapshot.unreadFiles)
    report(`not read, and there may be more routers: ${file}: ${reason}\n`);
  if (proxies.proxies.length === 0) report('no egress router needs a proxy\n');
  const isWhole = proxies.refused.length + snapshot.unread.length + snapshot.unreadFiles.length === 0;
  if (!isWhole) process.exitCode = 1;
}

const refText = ({ kind, namespace, name }: RouterRef): string => `${kind} ${namespace}/${name}`;

/** YAML documents; what an admin must know stands before them in comments. */
async function manifests({ proxies }: Proxies): Promise<string> {
  const documents = await Promise.all(
    proxies.flatMap((proxy) =>
      proxy.objects.map(
        async (object, index) =>
          `${index === 0 ? comments(proxy) : ''}---\n${await formatted(object, 'yaml', () => '')}`,
      ),
    ),
  );
  return documents.join('');
}

function comments({ router, mode, notes }: Proxy): string {
  const lines = [
    `in place of ${refText(router)}, an egress router in mode ${mode}:`,
    ...notes.map((note) => `- ${note}`),
  ];
  return lines.map((line) => `# ${line.replace(/\s+/g, ' ')}\n`).join('');
}
