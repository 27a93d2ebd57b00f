/** The record of egress IPs without label outlives the agent, and says nothing that is not so. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AddressRecord, recordFile } from '../../../src/node/links/record.ts';
import { logger } from '../../apiserver/started.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'record-'));
  file = recordFile({ nodeName: 'worker1', cniSocket: join(folder, 'cni.sock') });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const place = { device: 'enp134s0f0np0', ip: '192.168.7.200' };
const loaded = async (): Promise<AddressRecord> => {
  const record = new AddressRecord(file);
  await record.load(logger);
  return record;
};

test('what is noted is known to the next agent, on that interface alone, until it is removed', async () => {
  const record = await loaded();
  await record.add([place]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const next = await loaded();
  expect([next.has(place), next.has({ ...place, device: 'other' })]).toEqual([true, false]);
  await next.remove([place]);
  expect([next.has(place), (await loaded()).has(place)]).toEqual([false, false]);
});

test('what cannot be written is not known', async () => {
  const record = new AddressRecord(join(folder, 'missing', 'addresses.json'));
  await expect(record.add([place])).rejects.toThrow('ENOENT');
  expect(record.has(place)).toBe(false);
});

test.each(['{', 'null', '[1, null]'])('a file that says %s says nothing, and is written anew', async (text) => {
  await writeFile(file, text);
  const record = await loaded();
  expect(record.has(place)).toBe(false);
  await record.add([place]);
  expect(await readFile(file, 'utf8')).toContain(`${place.device} ${place.ip}`);
});
