/** Where a setting comes from: flag, environment, file, default. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { applyConfigFile, applyEnvironment, withEnvironment } from '../../src/cli/config-file.ts';
import { duration } from '../../src/cli/duration.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Sources {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly file?: string;
}
async function settings({ args = [], env = {}, file }: Sources): Promise<Readonly<Record<string, unknown>>> {
  const command = withEnvironment(
    new Command()
      .exitOverride()
      .option('--config <file>', '')
      .option('--lease-name <name>', '', 'mine')
      .option('--leader-elect', '', false)
      .addOption(new Option('--retry-period <duration>', '').argParser(duration(50)).default(2000))
      .addOption(new Option('--cloud <mode>', '').choices(['auto', 'never']).default('auto'))
      .addOption(new Option('--other <text>', '').env('ELSEWHERE')),
    'TEST',
  ).parse([...args], { from: 'user' });
  applyEnvironment(command, 'TEST', env);
  if (file !== undefined) {
    await writeFile(join(folder, 'config.yaml'), file);
    await applyConfigFile(command, join(folder, 'config.yaml'));
  }
  return command.opts();
}
const defaults = { leaseName: 'mine', leaderElect: false, retryPeriod: 2000, cloud: 'auto' };

it('has its defaults', async () => {
  expect(await settings({})).toEqual(defaults);
});

it('takes a flag before the environment, that before the file, and the file before the default', async () => {
  const file = 'leaseName: file\nretryPeriod: 3s\ncloud: never\n';
  const env = { TEST_LEASE_NAME: 'environment', TEST_RETRY_PERIOD: '4s' };
  expect(await settings({ args: ['--lease-name', 'flag'], env, file })).toEqual({
    ...defaults,
    leaseName: 'flag',
    retryPeriod: 4000,
    cloud: 'never',
  });
});

it('keeps the variable that an option has already', async () => {
  expect(await settings({ env: { ELSEWHERE: 'x' } })).toEqual({ ...defaults, other: 'x' });
});

test.each<readonly [Sources, object]>([
  [{ env: { TEST_LEADER_ELECT: 'true' } }, { leaderElect: true }],
  [{ args: ['--leader-elect'], env: { TEST_LEADER_ELECT: 'false' } }, { leaderElect: true }],
  [{ env: { TEST_LEADER_ELECT: 'false' }, file: 'leaderElect: true' }, { leaderElect: false }],
  [{ file: 'leaderElect: true' }, { leaderElect: true }],
  [{ file: 'leaseName: 7' }, { leaseName: '7' }],
  [{ file: '{"leaseName": "json"}' }, { leaseName: 'json' }],
  [{ file: '' }, {}],
  [{ file: ' \n' }, {}],
  [{ env: { OTHER_NAME: 'x', TESTING: 'y' } }, {}],
])('with %j is %j', async (sources, expected) => {
  expect(await settings(sources)).toEqual({ ...defaults, ...expected });
});

it('passes over the variables that Kubernetes sets for Services', async () => {
  const env = Object.fromEntries(
    [
      'SERVICE_HOST',
      'SERVICE_PORT',
      'SERVICE_PORT_HTTP',
      'PORT',
      'PORT_80_TCP',
      'PORT_80_TCP_ADDR',
      'PORT_53_UDP_PROTO',
    ].map((suffix) => [`TEST_METRICS_${suffix}`, 'x']),
  );
  expect(await settings({ env })).toEqual(defaults);
});

const file = (): string => join(folder, 'config.yaml');
test.each<readonly [string, Sources, () => string]>([
  [
    'a variable for no setting',
    { env: { TEST_NMAE: 'x', TEST_A: 'y' } },
    () =>
      'environment variable TEST_A, TEST_NMAE: there is no such setting; there are: ELSEWHERE, TEST_CLOUD, TEST_CONFIG, TEST_LEADER_ELECT, TEST_LEASE_NAME, TEST_RETRY_PERIOD',
  ],
  [
    'a field for no setting',
    { file: 'lease-name: x' },
    () =>
      `${file()}: lease-name: there is no such setting; there are: cloud, leaderElect, leaseName, other, retryPeriod`,
  ],
  [
    'a file in a file',
    { file: 'config: x' },
    () => `${file()}: config: there is no such setting; there are: cloud, leaderElect, leaseName, other, retryPeriod`,
  ],
  [
    'a switch that is neither on nor off',
    { env: { TEST_LEADER_ELECT: 'yes' } },
    () => 'environment variable TEST_LEADER_ELECT: "yes": it must be true or false',
  ],
  [
    'a switch that is a text',
    { file: 'leaderElect: "true"' },
    () => `${file()}: leaderElect: "true": it must be true or false`,
  ],
  [
    'a value of the wrong sort',
    { file: 'leaseName: [a]' },
    () => `${file()}: leaseName: ["a"]: it must be a text or a number`,
  ],
  [
    'a value that the option refuses',
    { file: 'retryPeriod: 1ms' },
    () => `${file()}: retryPeriod: "1ms": it must be a duration such as 500ms or 1s, at least 50ms.`,
  ],
  [
    'a choice that there is not',
    { env: { TEST_CLOUD: 'x' } },
    () => 'environment variable TEST_CLOUD: "x": Allowed choices are auto, never.',
  ],
  ['a list', { file: '- a' }, () => `${file()}: it must be a mapping of settings to values`],
  ['what is no YAML', { file: 'a: [' }, () => `${file()}: `],
])('refuses %s', async (_what, sources, message) => {
  const error: unknown = await settings(sources).catch((failure: unknown) => failure);
  expect(error).toMatchObject({ name: 'Failure', status: 2 });
  expect(String(error)).toContain(message());
  expect(String(error)).not.toContain('\n');
});

it('says that there is no such file', async () => {
  await expect(applyConfigFile(new Command(), join(folder, 'none'))).rejects.toThrow(
    /^the config file cannot be read: .*ENOENT/,
  );
});
