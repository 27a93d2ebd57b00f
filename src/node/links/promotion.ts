/** Removes an address that is the first of its network. */
import { type Exec, must } from '../../io/programs/exec.ts';
import { removalLines } from './addresses.ts';
import { ipBatch } from './ip.ts';
import { addressesOf, type LinkAddress, linksOf, showAddresses } from './links.ts';
import { readSysctl, writeSysctl } from './sysctl.ts';

const settingOf = (device: string): string => `ipv4/conf/${device}/promote_secondaries`;

/**
 * Does work that removes a device's first address: the kernel then promotes the next one. Without the setting that is
 * on during the work it would remove all other addresses of the network, the node's own included.
 */
export async function promoting<T>(device: string, work: () => Promise<T>): Promise<T> {
  const values = await Promise.all([settingOf('all'), settingOf(device)].map(readSysctl));
  if (values.some((value) => value !== '0')) return work();
  await writeSysctl(settingOf(device), '1');
  try {
    return await work();
  } finally {
    await writeSysctl(settingOf(device), '0');
  }
}

/**
 * Removes addresses from their devices, at any position. One that somebody else removed meanwhile counts as removed. If
 * one remains, throws ExecError after the rest.
 */
export async function takeOff(run: Exec, addresses: readonly LinkAddress[]): Promise<void> {
  for (const [device, ofDevice] of Map.groupBy(addresses, (one) => one.device)) {
    try {
      await promoting(device, () => ipBatch(run, removalLines(ofDevice), '-force'));
    } catch (error) {
      const present = addressesOf(linksOf(await must(run, 'ip', showAddresses)));
      if (present.some((one) => one.device === device && ofDevice.some(({ ip }) => ip === one.ip))) throw error;
    }
  }
}
