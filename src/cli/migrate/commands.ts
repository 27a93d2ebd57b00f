/** `sdn-compat migrate`: subcommands, options and defaults. Each command is loaded when it is used. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { newPlugins } from '../../migrate/targets.ts';
import { type Concern, concerns } from '../../migrate/translation.ts';
import { parseCidr } from '../../model/values/address.ts';
import { addClientOptions } from '../client.ts';
import { addLookCommands } from './look/commands.ts';
import { addGuideCommand } from './look/guide-command.ts';
import { flagOf, planOptions } from './options.ts';
import type { PlanFlags } from './plan.ts';
import { addApplyCommands } from './run/commands.ts';

const none: readonly string[] = [];

function list(flags: string, description: string): Option {
  return new Option(flags, `${description} (repeatable)`)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default(none, 'none');
}

function concernList(text: string): readonly Concern[] {
  return text.split(',').map((word) => {
    const concern = concerns.find((one) => one === word);
    if (concern === undefined)
      throw new InvalidArgumentError(`${JSON.stringify(word)} is none of ${concerns.join(', ')}.`);
    return concern;
  });
}

function network(text: string, before: readonly string[]): readonly string[] {
  const cidr = parseCidr(text);
  if (!cidr.ok) throw new InvalidArgumentError(`${cidr.error}.`);
  return [...before, text];
}

/** Adds the options that select where the cluster is read from. */
function source(command: Command): Command {
  return addClientOptions(command.option('--from-cluster', 'read the objects from the API server', false))
    .addOption(
      list(
        '-f, --filename <path>',
        'read the objects from a file or directory: YAML, JSON, lists, must-gather, .gz; - is standard input',
      ),
    )
    .addOption(
      new Option(
        '--machine-network <cidr>',
        "a network of the nodes' addresses, where the input does not tell prefix lengths (repeatable)",
      )
        .argParser(network)
        .default(none, 'none'),
    );
}

/** Adds the subcommands to `migrate`. */
export function addMigrateCommands(migrate: Command): void {
  const plan = source(migrate.command('plan'))
    .description(
      'write a folder with ordered steps, the objects to apply, a backup and reports; exit status 1 when there are blockers',
    )
    .addOption(new Option('--to <target>', 'network plugin to migrate to').choices(newPlugins.map(({ name }) => name)))
    .option('--out <dir>', 'folder to write; it must be empty, absent, or hold a plan that was not begun')
    .option(
      '--update <dir>',
      'carry the plan in this folder over to the cluster as it is now, with its options, journal and first backup',
    )
    .addOption(new Option('--only <concerns>', `translate only these of ${concerns.join(',')}`).argParser(concernList))
    .addOption(list('--namespace <name>', 'translate only what belongs to this namespace'))
    .option('--strict', 'let warnings block as blockers do', false)
    .option('--diff', 'print how the objects of the plan differ from those in the cluster', false)
    .action(async (flags: PlanFlags) => (await import('./plan.ts')).runPlan(flags));

  for (const option of planOptions(newPlugins)) plan.addOption(flagOf(option));

  addLookCommands(migrate, { source });
  addApplyCommands(migrate, { source });
  addGuideCommand(migrate);
}
