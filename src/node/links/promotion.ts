/** Taking off an address that others of its network come behind. */
import { readFile, writeFile } from 'node:fs/promises';
import { type Exec, must } from '../../io/exec.ts';
import { type LinkAddress, parseAddresses, removalLines } from './addresses.ts';
import { ipBatch, showAddresses } from './ip.ts';

const settingOf = (device: string): string => `/proc/sys/net/ipv4/conf/${device}/promote_secondaries`;

/**
 * Does work that takes a device's first address off: the kernel then makes the next one the first. Without the setting
 * that is on during the work it would take off all others of that network, the node's own address among them.
 */
export async function promoting<T>(device: string, work: () => Promise<T>): Promise<T> {
  const values = await Promise.all([settingOf('all'), settingOf(device)].map((path) => readFile(path, 'utf8')));
  if (values.some((value) => value.trim() !== '0')) return work();
  await writeFile(settingOf(device), '1');
  try {
    return await work();
  } finally {
    await writeFile(settingOf(device), '0');
  }
}

/**
 * Takes addresses off their devices, wherever they stand among others. What somebody else has taken off meanwhile is
 * off; throws ExecError when one is still there, after the rest.
 */
export async function takeOff(run: Exec, addresses: readonly LinkAddress[]): Promise<void> {
  for (const [device, ofDevice] of Map.groupBy(addresses, (one) => one.device)) {
    try {
      await promoting(device, () => ipBatch(run, removalLines(ofDevice), '-force'));
    } catch (error) {
      const present = parseAddresses(await must(run, 'ip', showAddresses));
      if (present.some((one) => one.device === device && ofDevice.some(({ ip }) => ip === one.ip))) throw error;
    }
  }
}
