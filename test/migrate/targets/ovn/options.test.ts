import { unsetOptions } from '../../../../src/migrate/target.ts';
import { ownOptions, readOptions, shownOptions } from '../../../../src/migrate/targets/ovn/options.ts';
import { options } from '../../snapshots.ts';

const chosen = {
  ...options,
  only: ['router', 'egressip'] as const,
  namespaces: ['shop'],
  keepClosed: true,
  machineNetworks: ['192.168.7.0/24'],
};

describe('the options of a plan', () => {
  it('are read as they were shown, with what is chosen in its own order', () => {
    expect(readOptions(shownOptions(chosen))).toEqual({ ...chosen, only: ['egressip', 'router'] });
    expect(readOptions(shownOptions(options))).toEqual(options);
  });

  it('are shown the same whatever the order of the choice', () => {
    expect(shownOptions(chosen)).toEqual(shownOptions({ ...chosen, only: ['egressip', 'router'] }));
  });

  it('may lack what programs did not know that were before', () => {
    const { denyAPIServer, keepPlacement, ...old } = shownOptions({ ...options, denyAPIServer: true });
    expect([denyAPIServer, keepPlacement]).toEqual([true, true]);
    expect(readOptions(old)).toMatchObject({ denyAPIServer: false, keepPlacement: false });
  });

  it('leave out a choice that nobody knows', () => {
    expect(readOptions({ ...shownOptions(options), only: ['cows', 'firewall'] })).toMatchObject({ only: ['firewall'] });
  });

  it.each([
    ['only', 'egressip'],
    ['namespaces', null],
    ['machineNetworks', [7]],
    ['prefix', 7],
    ['keepClosed', 'no'],
    ['allowAPIServer', undefined],
    ['denyAPIServer', 'no'],
    ['keepPlacement', 1],
  ])('are of another program if %s is %j', (field, value) => {
    expect(readOptions({ ...shownOptions(options), [field]: value })).toBeUndefined();
  });
});

test('those that are declared and the common ones are all, unset as plans of today have them', () => {
  expect(readOptions(unsetOptions({ options: ownOptions }))).toEqual(options);
});

test('a prefix must be the beginning of an object name', () => {
  const { read } = ownOptions.find(({ key }) => key === 'prefix')!;
  for (const text of ['a', 'egressip', 'a-1']) expect(read?.(text)).toEqual({ ok: true, value: text });
  for (const text of ['', '-a', 'a-', 'A', 'a.b', 'a'.repeat(200)]) expect(read?.(text)).toMatchObject({ ok: false });
});
