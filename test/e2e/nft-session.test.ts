/** Changes by a kept `nft -i`, with the real nft in a network namespace of its own. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type Exec, exec } from '../../src/io/programs/exec.ts';
import { emptyContent } from '../../src/node/nft/elements.ts';
import { renderBase } from '../../src/node/nft/ruleset.ts';
import { NftSession } from '../../src/node/nft/session.ts';
import { NftTable } from '../../src/node/nft/table.ts';
import { isWhole } from '../../src/node/nft/whole.ts';
import { nodeInput } from '../node/states.ts';
import { must, run, until } from './lab.ts';

const namespace = `sdnc-nft-${process.pid}`;
const pathBefore = process.env['PATH'] ?? '';
const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-test-'));
let session: NftSession;
/** How many programs the session started for changes. */
let started = 0;

/** Makes `nft` the one of the namespace; `before` is what it does first. */
function nftDoes(before = ''): void {
  const file = join(folder, 'nft');
  writeFileSync(file, `#!/bin/sh\n${before}\nPATH=${pathBefore} exec ip netns exec ${namespace} nft "$@"\n`);
  chmodSync(file, 0o755);
}

const inside = (...argv: string[]): Promise<string> => must('ip', ['netns', 'exec', namespace, ...argv]);
const elements = async (): Promise<readonly string[]> =>
  [...(await inside('nft', 'list', 'set', 'ip', 't', 's')).matchAll(/\b\d+\.\d+\.\d+\.\d+\b/g)].map(([one]) => one);
/** The processes of kept sessions. */
const kept = async (): Promise<readonly number[]> =>
  (await run('ip', ['netns', 'pids', namespace])).stdout.split('\n').filter(Boolean).map(Number);

beforeEach(async () => {
  await must('ip', ['netns', 'add', namespace]);
  await inside('nft', 'add table ip t; add set ip t s { type ipv4_addr; }');
  process.env['PATH'] = `${folder}:${pathBefore}`;
  nftDoes();
  started = 0;
  session = new NftSession((...args) => {
    started += 1;
    return exec(...args);
  });
});
afterEach(async () => {
  session.close();
  process.env['PATH'] = pathBefore;
  await until('no session is left', async () => (await kept()).length === 0);
  await must('ip', ['netns', 'del', namespace]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const add = (...ips: string[]): string => `add element ip t s { ${ips.join(', ')} }`;

/** Waits until changes start no program any more. */
async function begun(): Promise<void> {
  session.start();
  await until('the session takes changes', async () => {
    const before = started;
    await session.run([add('1.1.1.1')]);
    return started === before;
  });
  started = 0;
}

test('a change starts no program', async () => {
  await begun();
  for (let index = 2; index < 12; index += 1) await session.run([add(`1.1.1.${index}`), add(`1.1.2.${index}`)]);
  await session.run(['delete element ip t s { 1.1.2.2 }']);
  expect(started).toBe(0);
  expect(await elements()).toHaveLength(1 + 20 - 1);
  expect(await kept()).toHaveLength(1);
});

test('what nft refuses is told in its words, and nothing of the change takes effect', async () => {
  await begun();
  await expect(session.run([add('9.9.9.9'), 'delete element ip t s { 7.7.7.7 }'])).rejects.toThrow(
    /^nft: Error: Could not process rule: No such file or directory\n/,
  );
  await expect(session.run(['add elemnt ip t s { 9.9.9.9 }'])).rejects.toThrow(/^nft: Error: syntax error/);
  await expect(session.run(['add element ip nowhere s { 9.9.9.9 }'])).rejects.toThrow(/^nft: Error: No such file/);
  await session.run([add('8.8.8.8')]);
  expect(await elements()).toEqual(['1.1.1.1', '8.8.8.8']);
  expect(started).toBe(0);
});

test('a change made by somebody else meanwhile is seen', async () => {
  await begun();
  await inside('nft', 'delete table ip t');
  await expect(session.run([add('8.8.8.8')])).rejects.toThrow(/^nft: Error: No such file/);
  await inside('nft', 'add table ip t; add set ip t s { type ipv4_addr; }');
  await session.run([add('8.8.8.8')]);
  expect(await elements()).toEqual(['8.8.8.8']);
  expect(started).toBe(0);
});

test('a long change starts a program of its own', async () => {
  await begun();
  await session.run([add(...Array.from({ length: 5_000 }, (_, index) => `2.0.${index >> 8}.${index & 255}`))]);
  expect(started).toBe(1);
  expect(await elements()).toHaveLength(5_001);
});

test('a session that somebody kills is replaced, and no change is lost', async () => {
  await begun();
  for (const pid of await kept()) process.kill(pid, 'SIGKILL');
  await until('its end is seen', async () => {
    const before = started;
    await session.run([add('3.3.3.3')]).catch(() => undefined);
    return started > before;
  });
  await until('another takes changes', async () => {
    const before = started;
    await session.run([add('4.4.4.4')]);
    return started === before;
  });
  expect(await elements()).toEqual(expect.arrayContaining(['3.3.3.3', '4.4.4.4']));
});

test('a session that hangs, or ends over a change, does not keep that from being made', async () => {
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
    await begun();
    for (const pid of await kept()) process.kill(pid, signal);
    await session.run([add('3.3.3.3')]);
    await session.run(['delete element ip t s { 3.3.3.3 }', add('4.4.4.4')]);
    expect(started).toBeGreaterThan(0);
    expect(await elements()).toEqual(['1.1.1.1', '4.4.4.4']);
  }
});

test('changes at once are each told their own end', async () => {
  await begun();
  const [good, bad, better] = await Promise.allSettled([
    session.run([add('3.3.3.3')]),
    session.run(['delete element ip t s { 7.7.7.7 }']),
    session.run([add('4.4.4.4')]),
  ]);
  expect([good.status, bad.status, better.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await elements()).toEqual(['1.1.1.1', '3.3.3.3', '4.4.4.4']);
});

test('a session is replaced before nft remembers too much', async () => {
  await begun();
  const [first] = await kept();
  for (let index = 0; index < 2_000; index += 1) await session.run([add('5.5.5.5')]);
  await until('another has taken over', async () => {
    await session.run([add('6.6.6.6')]);
    const now = await kept();
    return now.length === 1 && now[0] !== first;
  });
});

test('an nft that cannot be kept is started for each change', async () => {
  nftDoes('[ "$1" != -i ] || exit 1');
  session.start();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await session.run([add('7.7.7.7')]);
  await session.run([add('7.7.7.8')]);
  expect(started).toBe(2);
  expect(await elements()).toEqual(['7.7.7.7', '7.7.7.8']);
});

test.each([
  'delete table ip sdn_compat_guard',
  'flush chain ip sdn_compat_guard leak_guard',
  'flush chain ip sdn_compat choose_source',
])('tables are not recorded as ours that somebody harms before that: %s', async (harm) => {
  const input = nodeInput({});
  const datapath = 'system';
  const base = { ...input.facts, ...input.networks, uplink: input.uplink, datapath } as const;
  const chains = { text: renderBase({ ...base, finerRules: new Map() }), datapath } as const;
  let next = '';
  const meddled: Exec = async (program, args, options) => {
    if (next !== '' && args.includes('-s')) {
      const now = next;
      next = '';
      await inside('nft', now);
    }
    const ran = await exec(program, args, options);
    if (options?.input === chains.text + '\n' && harm !== '') [next, harm] = [harm, ''];
    return ran;
  };
  const table = new NftTable(meddled, pino({ level: 'silent' }));
  await expect(table.add(chains, emptyContent)).rejects.toThrow(
    'somebody removes our nft tables while they are written',
  );
  table.forget();
  expect(await table.add(chains, emptyContent)).toBe(true);
  const whole = await inside('nft', '-s', 'list', 'ruleset');
  expect(isWhole(chains.text, whole)).toBe(true);
  table.forget();
  expect(await table.add(chains, emptyContent)).toBe(false);
});
