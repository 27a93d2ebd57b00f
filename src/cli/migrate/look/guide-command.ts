/** `sdn-compat migrate guide`: options and defaults. */
import { type Command, Option } from 'commander';
import { guidedPlugins } from '../../../migrate/guide/guided.ts';
import { addClientOptions } from '../../client.ts';
import { duration } from '../../duration.ts';
import type { GuideFlags } from './guide.ts';

const outcomes = `
It writes nothing. Exit status: 0 it could tell; 1 it could not, and what cannot be read is named, or with --watch the
stage was not finished in time; 2 bad input.`;

/** Adds the command to `migrate`. */
export function addGuideCommand(migrate: Command): void {
  addClientOptions(migrate.command('guide'))
    .description("say where the cluster stands in the vendor's procedure, and the one next command")
    .option('--plan <dir>', 'folder that `migrate plan` wrote: the guide then knows how far it is')
    .addOption(
      new Option('--to <target>', 'guide through the migration (default: what was begun)').choices(
        guidedPlugins.map(({ name }) => name),
      ),
    )
    .option('--back', 'guide through the way back to OpenShift SDN', false)
    .addOption(
      new Option(
        '--mode <mode>',
        'procedure of the vendor (default: the one that was begun; back as it came; else offline)',
      ).choices(['offline', 'live']),
    )
    .addOption(new Option('-o, --output <format>', 'format').choices(['table', 'json', 'yaml']).default('table'))
    .option('--watch', 'follow the cluster, a line for each change, until the stage is finished', false)
    .addOption(
      new Option('--timeout <duration>', 'how long to watch').argParser(duration(100)).default(7_200_000, '120m'),
    )
    .addHelpText('after', outcomes)
    .action(async (flags: GuideFlags) => (await import('./guide.ts')).runGuide(flags));
}
