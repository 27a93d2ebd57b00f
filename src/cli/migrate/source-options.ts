/** The options that select where the cluster of a migration is read from. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseCidr } from '../../model/values/address.ts';
import { addClientOptions } from '../client.ts';

const none: readonly string[] = [];

/** Collects an option that may be repeated. */
export function list(flags: string, description: string): Option {
  return new Option(flags, `${description} (repeatable)`)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default(none, 'none');
}

function network(text: string, before: readonly string[]): readonly string[] {
  const cidr = parseCidr(text);
  if (!cidr.ok) throw new InvalidArgumentError(`${cidr.error}.`);
  return [...before, text];
}

/** Adds the options that select where the cluster is read from. */
export function source(command: Command): Command {
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
