/** `sdn-compat migrate`: subcommands, options and defaults. Each command is loaded when it is used. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { newPlugins } from '../../migrate/targets.ts';
import { type Concern, concerns } from '../../migrate/translation.ts';
import { addLookCommands } from './look/commands.ts';
import { addGuideCommand } from './look/guide-command.ts';
import { flagOf, planOptions } from './options.ts';
import type { PlanFlags } from './plan.ts';
import { addApplyCommands } from './run/commands.ts';
import { list, source } from './source-options.ts';

function concernList(text: string): readonly Concern[] {
  return text.split(',').map((word) => {
    const concern = concerns.find((one) => one === word);
    if (concern === undefined)
      throw new InvalidArgumentError(`${JSON.stringify(word)} is none of ${concerns.join(', ')}.`);
    return concern;
  });
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

  addLookCommands(migrate);
  addApplyCommands(migrate);
  addGuideCommand(migrate);
}
