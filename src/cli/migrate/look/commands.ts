/** `sdn-compat migrate inspect|compare|addresses|gather|proxies|predict`, which only look. Each command is loaded when it is used. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { newPlugins } from '../../../migrate/targets.ts';
import { addClientOptions } from '../../client.ts';
import { flagOf, planOptions } from '../options.ts';
import { list, source } from '../source-options.ts';
import type { AddressesFlags } from './addresses.ts';
import type { CompareFlags } from './compare.ts';
import type { GatherFlags } from './gather.ts';
import type { InspectFlags } from './inspect.ts';
import type { PredictFlags } from './predict.ts';
import type { ProxiesFlags } from './proxies.ts';

const target = (): Option => {
  const names = newPlugins.map(({ name }) => name);
  return new Option('--to <target>', 'network plugin to migrate to').choices(names).default(names[0]);
};

function userID(text: string): number {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) throw new InvalidArgumentError(`${JSON.stringify(text)} is no user but root.`);
  return Number(text);
}

/** Adds the commands to `migrate`. */
export function addLookCommands(migrate: Command): void {
  source(migrate.command('inspect'))
    .description('show what there is to migrate and what would change for whom; exit status 1 when there are blockers')
    .addOption(target())
    .addOption(new Option('-o, --output <format>', 'format').choices(['table', 'json', 'yaml']).default('table'))
    .action(async (flags: InspectFlags) => (await import('./inspect.ts')).runInspect(flags));

  source(migrate.command('compare'))
    .description('show for every target what it keeps of this cluster, and recommend the one that keeps most')
    .addOption(new Option('-o, --output <format>', 'format').choices(['table', 'json', 'yaml']).default('table'))
    .action(async (flags: CompareFlags) => (await import('./compare.ts')).runCompare(flags));

  const addresses = source(migrate.command('addresses'))
    .description(
      'list the source addresses of each namespace today, during each phase and after, for the owners of firewalls outside',
    )
    .addOption(target())
    .addOption(new Option('-o, --output <format>', 'format').choices(['table', 'csv', 'json']).default('table'))
    .addOption(
      new Option('--mode <mode>', 'how the plugin is switched').choices(['offline', 'live']).default('offline'),
    )
    .option('--since <file>', 'print what changed since an earlier run with -o json')
    .action(async (flags: AddressesFlags) => (await import('./addresses.ts')).runAddresses(flags));
  const deciding = planOptions(newPlugins).filter(({ changesAddresses }) => changesAddresses === true);
  for (const one of deciding) addresses.addOption(flagOf({ ...one, description: `as with \`plan ${one.flags}\`` }));

  addClientOptions(migrate.command('gather'))
    .description('write exactly what a plan is made from, and nothing secret, as a folder or .tar.gz that `-f` reads')
    .requiredOption('--out <path>', 'folder, or file named .tar, .tar.gz or .tgz; it must not be there yet')
    .action(async (flags: GatherFlags) => (await import('./gather.ts')).runGather(flags));

  source(migrate.command('proxies'))
    .description(
      'print manifests of proxies in place of egress routers in HTTP and DNS mode, which no network plugin replaces; exit status 1 if one cannot be replaced',
    )
    .addOption(target())
    .addOption(list('--namespace <name>', 'only routers of this namespace'))
    .option('--redirect', 'also in place of routers in redirect mode, for their rules of TCP', false)
    .option('--squid-image <image>', 'image with /usr/sbin/squid', 'ubuntu/squid:latest')
    .option('--haproxy-image <image>', 'image with haproxy', 'haproxy:lts')
    .addOption(
      new Option(
        '--run-as-user <uid>',
        'user that the proxies run as, where images begin as root and the cluster, unlike OpenShift, chooses no other',
      ).argParser(userID),
    )
    .addOption(new Option('-o, --output <format>', 'format').choices(['yaml', 'json']).default('yaml'))
    .action(async (flags: ProxiesFlags) => (await import('./proxies.ts')).runProxies(flags));

  migrate
    .command('predict')
    .description('say on which nodes OVN-Kubernetes may put egress IPs, for clusters of an NDJSON file, one a line')
    .requiredOption(
      '-f, --filename <file>',
      'lines {name, nodes: [{name, primaryIfAddr, assignable, ready}], egressIPs: [{name, egressIPs}]}; - is standard input',
    )
    .addOption(new Option('-o, --output <format>', 'format').choices(['ndjson', 'table']).default('ndjson'))
    .action(async (flags: PredictFlags) => (await import('./predict.ts')).runPredict(flags));
}
