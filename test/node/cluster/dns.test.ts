import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../src/io/log.ts';
import { type Lookup, NameTracker } from '../../../src/node/cluster/dns.ts';

const logger = createLogger({ level: 'silent', name: 'test' });
const fails: Lookup = () => Promise.reject(new Error('SERVFAIL'));

function tracker(file: string, lookup: Lookup): { readonly names: NameTracker; readonly told: Promise<unknown> } {
  const { promise: told, resolve } = Promise.withResolvers<unknown>();
  return { names: new NameTracker({ lookup, logger, file, changed: () => resolve(undefined) }), told };
}

test('what is known of a name outlives the agent, also when the resolver fails then', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'names-')), 'node.names.json');
  const first = tracker(file, () =>
    Promise.resolve([
      { address: '203.0.113.2', ttl: 60 },
      { address: '203.0.113.1', ttl: 60 },
    ]),
  );
  await first.names.load();
  first.names.follow(new Set(['bad.test', 'other.test']));
  await first.told;
  await new Promise(setImmediate);
  await first.names.saved();
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const second = tracker(file, fails);
  await second.names.load();
  second.names.follow(new Set(['bad.test', 'new.test']));
  expect(second.names.addresses('bad.test')).toEqual(['203.0.113.1', '203.0.113.2']);
  expect(second.names.addresses('new.test')).toEqual([]);

  first.names.follow(new Set(['bad.test']));
  await first.names.saved();
  expect(await readFile(file, 'utf8')).toBe('[["bad.test",["203.0.113.1","203.0.113.2"]]]');
  for (const { names } of [first, second]) names.follow(new Set());
});

test.each(['{', 'null', '[1,[2]]', '[["a.test",["::1","x"]]]'])(
  'a file that says %s tells nothing and stops nothing',
  async (text) => {
    const file = join(await mkdtemp(join(tmpdir(), 'names-')), 'node.names.json');
    await writeFile(file, text);
    const { names } = tracker(file, fails);
    await names.load();
    names.follow(new Set(['a.test']));
    expect(names.addresses('a.test')).toEqual([]);
    names.follow(new Set());
  },
);
