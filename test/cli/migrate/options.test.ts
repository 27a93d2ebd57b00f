/** The options that targets declare, as flags of commands. */
import { Command } from 'commander';
import { flagOf, ownOptions, planOptions, translatorOf } from '../../../src/cli/migrate/options.ts';
import type { PlanOption } from '../../../src/migrate/target.ts';
import { targets } from '../../../src/migrate/targets.ts';
import { err, ok } from '../../../src/model/values/result.ts';

const color: PlanOption = {
  key: 'baseColor',
  flags: '--base-color <name>',
  description: 'a color',
  unset: 'red',
  read: (text) => (text === 'mud' ? err('it is no color.') : ok(text)),
};
const bright: PlanOption = { key: 'isBright', flags: '--bright', description: 'bright', unset: false };
const keep: PlanOption = { key: 'keepAll', flags: '--no-keep', description: 'keep nothing', unset: true };
const options = [color, bright, keep];

function parsed(...args: readonly string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const option of options) command.addOption(flagOf(option));
  return ownOptions({ options }, command.parse(args, { from: 'user' }).opts());
}

test('each option has its own key, and its unset value if it is not given', () => {
  expect(parsed()).toEqual({ baseColor: 'red', isBright: false, keepAll: true });
  expect(parsed('--bright', '--no-keep', '--base-color', 'blue')).toEqual({
    baseColor: 'blue',
    isBright: true,
    keepAll: false,
  });
});

test('a text that the target cannot read is refused with its words', () => {
  expect(() => parsed('--base-color', 'mud')).toThrow(/'--base-color <name>'.*it is no color\./);
});

test('options of a target that a command does not have are left out', () => {
  expect(ownOptions({ options }, { bright: true, other: 1 })).toEqual({ isBright: true });
});

test('a flag that several targets have is one flag', () => {
  const twice = planOptions([{ options: [color, bright] }, { options: [{ ...bright }, keep] }]);
  expect(twice.map(({ key }) => key)).toEqual(['baseColor', 'isBright', 'keepAll']);
});

test('every target knows its own options, also when none is chosen', () => {
  for (const target of targets) expect(translatorOf(target, {})).toHaveProperty('translate');
});
