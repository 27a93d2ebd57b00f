/** Which datapath br0 gets. */
import type { Exec } from '../../../src/io/programs/exec.ts';
import { chooseDatapath, kernelHasDatapath, presentDatapath } from '../../../src/node/ovs/datapath.ts';
import { database } from './database.ts';

const answering =
  (status: number, asked: string[] = []): Exec =>
  (program, args) => {
    asked.push([program, ...args].join(' '));
    return Promise.resolve({ status, stdout: '', stderr: '' });
  };

test('the kernel is asked by netlink, which knows what is built in, too', async () => {
  const asked: string[] = [];
  expect(await kernelHasDatapath(answering(0, asked))).toBe(true);
  expect(await kernelHasDatapath(answering(255, asked))).toBe(false);
  expect(asked).toEqual(Array(2).fill('genl ctrl get name ovs_datapath'));
});

describe('auto', () => {
  it('takes what the kernel offers when there is no br0', () => {
    expect(chooseDatapath('auto', undefined, true)).toEqual({
      ok: true,
      value: { datapath: 'system', why: 'the kernel has it' },
    });
    expect(chooseDatapath('auto', undefined, false)).toEqual({
      ok: true,
      value: { datapath: 'netdev', why: 'the kernel has no netlink family ovs_datapath' },
    });
  });

  it.each([
    ['netdev', true],
    ['netdev', false],
    ['system', true],
  ] as const)('keeps the %s of a br0 that is there (the kernel has one: %s)', (present, hasKernel) => {
    expect(chooseDatapath('auto', present, hasKernel)).toEqual({
      ok: true,
      value: { datapath: present, why: 'br0 has it already' },
    });
  });

  it("does not turn a br0 with the kernel's datapath into another where the kernel lost it", () => {
    const chosen = chooseDatapath('auto', 'system', false);
    expect(chosen.ok ? '' : chosen.error).toMatch(/^br0 has the kernel's datapath.*modul.*--datapath netdev$/);
  });
});

test('what is asked for is taken, whatever is there', () => {
  for (const option of ['system', 'netdev'] as const)
    for (const present of ['system', 'netdev', undefined] as const)
      for (const hasKernel of [true, false])
        expect(chooseDatapath(option, present, hasKernel)).toEqual({
          ok: true,
          value: { datapath: option, why: `--datapath ${option}` },
        });
});

test.each([
  [[], undefined],
  [[{ name: 'br-ex', datapath_type: 'netdev' }], undefined],
  [[{ name: 'br0', datapath_type: '' }], 'system'],
  [[{ name: 'br0', datapath_type: 'system' }], 'system'],
  [[{ name: 'br0', datapath_type: 'netdev' }], 'netdev'],
])('of the bridges %j br0 has the datapath %s', async (bridges, datapath) => {
  const db = await database({ Bridge: bridges });
  expect(presentDatapath(db.ovsdb)).toBe(datapath);
  await db.close();
});
