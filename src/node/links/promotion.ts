/** Taking off an address that others of its network come behind. */
import { readFile, writeFile } from 'node:fs/promises';

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
