import { ipBatch, recordsOf } from '../../../src/node/links/ip.ts';

test.each<readonly [string, readonly object[]]>([
  ['', []],
  [' \n', []],
  ['[]', []],
  ['{}', []],
  ['[{"a":1},null,[],"x",{"b":2}]', [{ a: 1 }, { b: 2 }]],
])('of %j the objects are read', (printed, records) => {
  expect(recordsOf(printed)).toEqual(records);
});

it('runs all lines at once, with its flags, and does not run at all without lines', async () => {
  const ran: unknown[] = [];
  const run = (program: string, args: readonly string[], options: { readonly input?: string } = {}) => {
    ran.push([program, ...args, options.input]);
    return Promise.resolve({ status: ran.length === 1 ? 0 : 1, stdout: '', stderr: 'no' });
  };
  await ipBatch(run, []);
  expect(ran).toEqual([]);
  await ipBatch(run, ['addr a', 'link b'], '-force');
  expect(ran).toEqual([['ip', '-force', '-batch', '-', 'addr a\nlink b\n']]);
  await expect(ipBatch(run, ['addr a'])).rejects.toThrow('ip -batch -: exit status 1: no');
});
