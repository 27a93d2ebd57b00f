/** Settings of a command: flags, then environment variables, then fields of a config file, then defaults. */
import { readFile } from 'node:fs/promises';
import type { Command, Option } from 'commander';
import { isRecord } from '../model/values/json.ts';
import { Failure } from './fail.ts';

/** Gives each option of the command an environment variable, `PREFIX_FLAG_NAME`. */
export function withEnvironment(command: Command, prefix: string): Command {
  for (const option of command.options)
    if (option.envVar === undefined) option.env(`${prefix}_${option.name().toUpperCase().replaceAll('-', '_')}`);
  return command;
}

/** The suffixes of environment variables that Kubernetes sets in a pod for each Service of its namespace. */
const ofService = /_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;

/**
 * Applies environment variables to all options without a flag, and rejects unknown variables with the prefix.
 * Commander's own parsing would treat any value of a switch as true.
 */
export function applyEnvironment(
  command: Command,
  prefix: string,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const known = new Set(command.options.map(({ envVar }) => envVar));
  const unknown = Object.keys(env)
    .filter((name) => name.startsWith(`${prefix}_`) && !known.has(name) && !ofService.test(name))
    .sort();
  if (unknown.length > 0)
    throw new Failure(
      `environment variable ${unknown.join(', ')}: there is no such setting; there are: ${[...known].sort().join(', ')}`,
      2,
    );
  for (const option of command.options) {
    const text = env[option.envVar ?? ''];
    const field = option.attributeName();
    if (text === undefined || !isOpen(command, field)) continue;
    const value = isSwitch(option) && (text === 'true' || text === 'false') ? text === 'true' : text;
    command.setOptionValueWithSource(
      field,
      parsed(option, value, `environment variable ${option.envVar ?? ''}`),
      'env',
    );
  }
}

/** Whether no earlier source has set the option. */
function isOpen(command: Command, field: string): boolean {
  const source = command.getOptionValueSource(field);
  return source === undefined || source === 'default';
}

function isSwitch(option: Option): boolean {
  return !option.required && !option.optional;
}

/** Applies the fields of a YAML or JSON file to all options that neither a flag nor the environment has set. */
export async function applyConfigFile(command: Command, file: string): Promise<void> {
  const fields = await readFields(file);
  const options = new Map(
    command.options
      .filter((option) => option.attributeName() !== 'config')
      .map((option) => [option.attributeName(), option]),
  );
  for (const [field, value] of Object.entries(fields)) {
    const option = options.get(field);
    if (option === undefined)
      throw new Failure(
        `${file}: ${field}: there is no such setting; there are: ${[...options.keys()].sort().join(', ')}`,
        2,
      );
    if (!isOpen(command, field)) continue;
    command.setOptionValueWithSource(field, parsed(option, value, `${file}: ${field}`), 'config');
  }
}

async function readFields(file: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Failure(`the config file cannot be read: ${error instanceof Error ? error.message : String(error)}`, 2);
  });
  const { load } = await import('js-yaml');
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : load(text);
  } catch (error) {
    throw new Failure(
      `${file}: ${error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error)}`,
      2,
    );
  }
  if (!isRecord(value)) throw new Failure(`${file}: it must be a mapping of settings to values`, 2);
  return value;
}

function parsed(option: Option, value: unknown, where: string): unknown {
  const wrong = (why: string): Failure => new Failure(`${where}: ${JSON.stringify(value)}: ${why}`, 2);
  if (isSwitch(option)) {
    if (typeof value === 'boolean') return value;
    throw wrong('it must be true or false');
  }
  if (typeof value !== 'string' && typeof value !== 'number') throw wrong('it must be a text or a number');
  try {
    const { parseArg } = option;
    return parseArg === undefined
      ? String(value)
      : parseArg.call<Option, [string, unknown], unknown>(option, String(value), undefined);
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}
