/** The addresses of this host, and when they are read again. */
import type { Exec } from '../../../src/io/programs/exec.ts';
import { hasDevice, PresentAddresses } from '../../../src/node/links/present.ts';
import { AddressRecord } from '../../../src/node/links/record.ts';

const shown = (address: string): string =>
  JSON.stringify([{ ifname: 'br-ex', addr_info: [{ family: 'inet', local: address, prefixlen: 24, label: 'br-ex' }] }]);

function world(): {
  readonly addresses: PresentAddresses;
  readonly at: { text: string; status: number; runs: number };
} {
  const at = { text: shown('192.168.7.11'), status: 0, runs: 0 };
  const exec: Exec = () => {
    at.runs += 1;
    return Promise.resolve({ status: at.status, stdout: at.text, stderr: '' });
  };
  return { addresses: new PresentAddresses(exec, new AddressRecord('/nowhere/addresses.json')), at };
}

it('runs ip once until it is told to forget, also when several ask at once', async () => {
  const { addresses, at } = world();
  const [one, other] = await Promise.all([addresses.list(), addresses.list()]);
  expect(one).toBe(other);
  at.text = shown('192.168.7.12');
  expect((await addresses.list())[0]?.ip).toBe('192.168.7.11');
  addresses.forget();
  expect((await addresses.list())[0]?.ip).toBe('192.168.7.12');
  expect(at.runs).toBe(2);
});

it('gives back the same list when the same is printed again', async () => {
  const { addresses, at } = world();
  const before = await addresses.list();
  addresses.forget();
  expect(await addresses.list()).toBe(before);
  expect(at.runs).toBe(2);
});

it('parses what is printed once, and marks what is ours anew without it', async () => {
  const { addresses } = world();
  const links = await addresses.links();
  const list = await addresses.list();
  await addresses.release([]);
  expect(await addresses.links()).toBe(links);
  expect(await addresses.list()).not.toBe(list);
  expect(await addresses.list()).toEqual(list);
});

it('reads again after a read that failed', async () => {
  const { addresses, at } = world();
  at.status = 1;
  await expect(addresses.list()).rejects.toThrow('exit status 1');
  at.status = 0;
  expect(await addresses.list()).toHaveLength(1);
});

it('knows an interface by its whole name', async () => {
  expect([await hasDevice('lo'), await hasDevice('l'), await hasDevice('o'), await hasDevice('none')]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
