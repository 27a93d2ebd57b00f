/** What is done when nft refuses a change, with a table that obeys or fails as told. */
import pino from 'pino';
import type { Exec } from '../../../src/io/programs/exec.ts';
import { contentOf, emptyContent } from '../../../src/node/nft/elements.ts';
import { NftTable } from '../../../src/node/nft/table.ts';
import { ip } from '../states.ts';

const logger = pino({ level: 'silent' });
const pod = ip('10.254.0.2');
const content = (restricted: readonly (typeof pod)[]) =>
  contentOf({
    snat: new Map(),
    hosted: new Set(),
    egressIPs: new Set(),
    restricted: new Set(restricted),
    podSources: new Map(),
    ...{ draining: [], drainingPods: [] },
    podRules: new Map(),
    ownerRules: new Map(),
    pods: new Map(),
    nodes: new Set(),
  });
const chains = { text: 'chains\n', datapath: 'system' } as const;

/** An nft that prints these sets, and fails for inputs that match; it notes all inputs. */
function nft(sets: readonly object[], refuses: (input: string) => boolean) {
  const inputs: string[] = [];
  const exec: Exec = (_, args, options) => {
    const done = { status: 0, stdout: '', stderr: '' };
    if (args.includes('-i'))
      return Promise.resolve({ ...done, stdout: args.includes('-j') ? JSON.stringify({ nftables: sets }) : '' });
    if (options?.input === undefined) return Promise.resolve(done);
    inputs.push(options.input);
    return Promise.resolve(refuses(options.input) ? { ...done, status: 1, stderr: 'Error: File exists' } : done);
  };
  return { inputs, table: new NftTable(exec, logger) };
}

const asking = (elem: readonly unknown[]) => ({
  set: { family: 'ip', table: 'sdn_compat', name: 'asking_pods', elem },
});
const restricted = { set: { family: 'ip', table: 'sdn_compat_guard', name: 'restricted_pods', elem: [] } };

test('an element that cannot be read does not keep a pod from being restricted', async () => {
  const { table, inputs } = nft([asking([{ unheard: 'of' }]), restricted], () => false);
  expect(await table.restrict(content([pod]))).toBe(true);
  expect(inputs).toEqual([
    'flush set ip sdn_compat_guard restricted_pods\nadd element ip sdn_compat_guard restricted_pods { 10.254.0.2 }\n',
    'flush set ip sdn_compat asking_pods\nadd element ip sdn_compat asking_pods { 10.254.0.2 }\n',
  ]);
});

test('one table that cannot be changed does not keep the other from restricting', async () => {
  const { table, inputs } = nft([asking([]), restricted], (input) => input.includes('restricted_pods'));
  await expect(table.restrict(content([pod]))).rejects.toThrow('File exists');
  expect(inputs.join('')).toContain('add element ip sdn_compat asking_pods { 10.254.0.2 }');
});

test('a change that nft refuses is made by writing all tables again, and by no loop', async () => {
  const { table, inputs } = nft([], (input) => !input.includes('chains') && !input.includes('written_'));
  expect(await table.add(chains, emptyContent)).toBe(true);
  inputs.length = 0;
  expect(await table.add(chains, content([pod]))).toBe(true);
  expect(inputs[1]).toMatch(/^chains\n.*asking_pods \{ 10\.254\.0\.2 \}/s);
  inputs.length = 0;
  await table.remove(chains, emptyContent);
  expect(inputs[1]).toMatch(/^chains\n\s*$/);
});
