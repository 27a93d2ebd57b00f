/** `sdn-compat migrate apply|verify|back`: options and defaults. Each command is loaded when it is used. */
import { type Command, Option } from 'commander';
import { oldPlugin, vendorsPlugin, waysBack } from '../../../migrate/targets.ts';
import { addClientOptions } from '../../client.ts';
import { duration } from '../../duration.ts';
import { wholeNumber } from '../../whole-number.ts';
import { source } from '../source-options.ts';
import type { ApplyFlags } from './apply.ts';
import type { BackFlags } from './back.ts';
import type { VerifyFlags } from './verify.ts';

const outcomes = `
Exit status: 0 done; 1 refused, failed or stopped, with the reasons; 2 bad input; 3 it is your turn: do what
it waits for, such as the switch of the network plugin, then run the same command again.`;

const planFolder = (): Option => new Option('--plan <dir>', 'folder that `migrate plan` wrote');

function lasting(flags: string, description: string, byDefault: number): Option {
  return new Option(flags, description).argParser(duration(100)).default(byDefault * 1_000, `${byDefault}s`);
}

const skip = (): Option =>
  new Option('--skip <name>', 'leave out KIND/NAMESPACE/NAME, or KIND/NAME; a Node is not waited for (repeatable)')
    .argParser((name: string, before: readonly string[]) => [...before, name])
    .default([], 'none');

const probeRights = `
--probe needs the right to create, get and delete pods in the namespaces that it asks from (ClusterRole
sdn-compat-migrate-probe). The pods are under the namespaces' own policies, and are removed whatever happens.`;

/** Adds the commands to `migrate`. */
export function addApplyCommands(migrate: Command): void {
  addApply(migrate);
  addVerify(migrate);
  addBack(migrate);
}

function addApply(migrate: Command): void {
  addClientOptions(migrate.command('apply'))
    .description('bring about a plan step by step; killed at any moment and run again it finishes')
    .addOption(planFolder().makeOptionMandatory())
    .option('--dry-run', 'let the API server check every change, and write nothing', false)
    .option(
      '--finalize',
      `at the end clear the objects of ${oldPlugin.plugin}, which are left alone otherwise; refused unless verify is well`,
      false,
    )
    .option(
      '--then-facade',
      'go on to the facade that keeps the old API: say when to install it, and check what it made; never with --finalize',
      false,
    )
    .option('--force', 'take over fields that other managers own', false)
    .option('--strict', 'let warnings of the plan refuse as blockers do', false)
    .option('--accept-blockers', 'apply despite findings that block', false)
    .option('--accept-incomplete', 'apply a plan that could not read everything', false)
    .option('--accept-changes', 'apply although the cluster has changed since the plan was made', false)
    .option('--accept-unwell', 'finalize although verify is not well', false)
    .addOption(skip())
    .addOption(
      lasting('--timeout <duration>', 'how long a delete may wait for finalizers, and the facade for its objects', 300),
    )
    .addOption(
      lasting(
        '--patience <duration>',
        `how long ${vendorsPlugin.plugin} may take to assign one more egress IP to its node, before the next node follows`,
        120,
      ),
    )
    .addHelpText('after', outcomes)
    .action(async (flags: ApplyFlags) =>
      flags.thenFacade === true
        ? (await import('./then-facade.ts')).runThenFacade(flags)
        : (await import('./apply.ts')).runApply(flags),
    );
}

function addVerify(migrate: Command): void {
  addClientOptions(migrate.command('verify'))
    .description(
      'compare a cluster with a plan: where each egress IP is, firewalls, labels, leftovers; exit status 1 unless all is well',
    )
    .addOption(planFolder().makeOptionMandatory())
    .addOption(new Option('-o, --output <format>', 'format').choices(['table', 'json', 'yaml']).default('table'))
    .option('--watch', 'look again until all is well or the time is over', false)
    .option(
      '--unstick',
      'first touch EgressIPs with unassigned addresses, so that OVN-Kubernetes looks at them again',
      false,
    )
    .addOption(lasting('--timeout <duration>', 'how long to watch', 600))
    .option(
      '--probe <url>',
      'then ask this server outside, which answers with the address it saw, from a short-lived pod in each namespace',
    )
    .option('--probe-image <image>', 'an image with curl, whose user is not root')
    .addOption(
      new Option('--probe-namespace <name>', 'ask from this namespace only (repeatable)')
        .argParser((name: string, before: readonly string[]) => [...before, name])
        .default([], 'a sample of all'),
    )
    .addOption(
      new Option('--probe-sample <count>', 'from at most that many namespaces')
        .argParser(wholeNumber(1, 1_000_000))
        .default(20),
    )
    .addOption(lasting('--probe-timeout <duration>', 'how long a pod may take', 60))
    .addHelpText('after', probeRights)
    .action(async (flags: VerifyFlags) => (await import('./verify.ts')).runVerify(flags));
}

function addBack(migrate: Command): void {
  source(migrate.command('back'))
    .description(
      'undo a plan from its backup; or, with --out, make the plan of a way back from the objects of a plugin alone',
    )
    .addOption(planFolder())
    .option('--plan-only', 'only print what would be done', false)
    .option('--dry-run', 'let the API server check every change, and write nothing', false)
    .option(
      '--force',
      "undo what this plan wrote also where others changed it since, and restore requests and policies that clash with others'",
      false,
    )
    .addOption(skip())
    .option('--out <dir>', 'folder for a plan made from objects; `migrate apply --plan` runs it')
    .addOption(
      new Option('--from <name>', 'with --out, the plugin that the objects are of')
        .choices(waysBack.map(({ from }) => from.name))
        .default(vendorsPlugin.name),
    )
    .addHelpText('after', outcomes)
    .action(async (flags: BackFlags) => (await import('./back.ts')).runBack(flags));
}
