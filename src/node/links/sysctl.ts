/** The kernel's settings of this network namespace, by their path under /proc/sys/net: `ipv4/ip_forward`. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Where they are. In a container that is not privileged /proc/sys is read-only: config/node mounts the host's
 * /proc/sys/net again, and names it here. The kernel shows everybody the settings of their own network namespace there.
 */
const folder = process.env['SDN_COMPAT_PROC_SYS_NET'] ?? '/proc/sys/net';

/** The setting's value without the line's end. Rejects with the system's error when there is none, as of a device. */
export async function readSysctl(name: string): Promise<string> {
  return (await readFile(join(folder, name), 'utf8')).trim();
}

/** Writes a setting; rejects with the system's error, which names the file. */
export async function writeSysctl(name: string, value: string): Promise<void> {
  await writeFile(join(folder, name), value);
}

/** The devices that have settings of IPv4, and `all` and `default`. */
export async function devicesWithSysctls(): Promise<readonly string[]> {
  return readdir(join(folder, 'ipv4/conf'));
}
