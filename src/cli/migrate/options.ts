/** The options of `migrate plan` that a target declares, as flags of commands, and as a plan keeps them. */
import { InvalidArgumentError, Option } from 'commander';
import uniqBy from 'lodash/uniqBy.js';
import { type PlanOption, type Target, type Translator, unsetOptions } from '../../migrate/target.ts';
import { fieldOf, type JsonObject, jsonOf } from '../../model/values/json.ts';

/** The options of all these targets, each flag once. */
export function planOptions(targets: readonly Pick<Target, 'options'>[]): readonly PlanOption[] {
  return uniqBy(
    targets.flatMap(({ options }) => options),
    ({ flags }) => flags,
  );
}

/** The option as a flag. */
export function flagOf({ flags, description, unset, read }: PlanOption): Option {
  const option = new Option(flags, description);
  if (!option.negate) option.default(unset);
  if (read !== undefined)
    option.argParser((text: string) => {
      const value = read(text);
      if (value.ok) return value.value;
      throw new InvalidArgumentError(value.error);
    });
  return option;
}

/** The target's own options among the flags that were given. */
export function ownOptions({ options }: Pick<Target, 'options'>, flags: object): JsonObject {
  const given = options.map(
    ({ key, flags: names }) => [key, fieldOf(flags, new Option(names).attributeName())] as const,
  );
  return Object.fromEntries(given.flatMap(([key, value]) => (value === undefined ? [] : [[key, jsonOf(value)]])));
}

/** The target's translator with these options; what is not given is unset. */
export function translatorOf(target: Target, options: JsonObject): Translator {
  const translator = target.translator({ ...unsetOptions(target), ...options });
  if (translator === undefined) throw new Error(`target ${target.name} does not know its own options`);
  return translator;
}
