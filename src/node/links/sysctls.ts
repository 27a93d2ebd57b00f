/** The kernel settings that the data path needs, whatever the host's own files say. */
import { readFile } from 'node:fs/promises';
import type { Exec } from '../../io/programs/exec.ts';
import { podGroup, tunDevice } from '../ovs/pipeline.ts';
import { ipBatch } from './ip.ts';
import { devicesWithSysctls, readSysctl, writeSysctl } from './sysctl.ts';
import { isHostDevice } from './veth.ts';

const conf = 'ipv4/conf';
const forwarding = 'ipv4/ip_forward';

/**
 * The settings by path under `ipv4/conf`. tun0 sends no redirects, which would use up what the kernel grants a pod of
 * ICMP errors, so that it waits where a Service refuses it; they are off only if both settings are, and other interfaces
 * keep their own. tun0 asks for pods' MACs with the gateway's address (table 0 accepts no ARP from it with another one).
 * With rp_filter on, the kernel looks up the return path of an answer to a pod with the packet's mark: without it, the
 * packet would look like one that our nft tables have not seen, for which the routing guard has no route. A pod's
 * answers come in on any interface, so it is set for all.
 */
const wanted: Readonly<Record<string, string>> = {
  'all/src_valid_mark': '1',
  'all/send_redirects': '0',
  [`${tunDevice}/send_redirects`]: '0',
  [`${tunDevice}/rp_filter`]: '0',
  [`${tunDevice}/arp_announce`]: '2',
  // the node routes a pod's packet, not the packet itself
  [`${tunDevice}/accept_source_route`]: '0',
};

/** Turns forwarding on; the kernel then turns it on for every interface, including those of pods. */
async function forward(): Promise<void> {
  if ((await readSysctl(forwarding)) !== '1') await writeSysctl(forwarding, '1');
}

/**
 * Interfaces of pods belong to Open vSwitch alone: they are in their group, and on the userspace datapath without
 * forwarding.
 */
async function closePod(run: Exec, device: string): Promise<void> {
  const group = await readFile(`/sys/class/net/${device}/netdev_group`, 'utf8');
  if (group.trim() !== String(podGroup)) await ipBatch(run, [`link set dev ${device} group ${podGroup}`]);
  const isUserspace = (await readSysctl(`${conf}/${device}/arp_ignore`)) === '8'; // set when the pod was attached
  if (isUserspace && (await readSysctl(`${conf}/${device}/forwarding`)) !== '0')
    await writeSysctl(`${conf}/${device}/forwarding`, '0');
}

async function closePods(run: Exec): Promise<void> {
  const pods = (await devicesWithSysctls()).filter(isHostDevice);
  await Promise.all(pods.map((device) => closePod(run, device).catch(() => undefined))); // the pod is gone
}

/** Whether the settings are as wanted; those of interfaces that are not there do not count. */
export async function haveSysctls(): Promise<boolean> {
  const isRight = ([name, value]: readonly [string, string]): Promise<boolean> =>
    readSysctl(`${conf}/${name}`).then(
      (present) => present === value,
      () => true,
    );
  return (await Promise.all(Object.entries(wanted).map(isRight))).every(Boolean);
}

/** Fixes the settings that differ; throws if one cannot be written. */
export async function applySysctls(run: Exec): Promise<void> {
  for (const [name, value] of Object.entries(wanted)) {
    if ((await readSysctl(`${conf}/${name}`)) !== value) await writeSysctl(`${conf}/${name}`, value);
  }
  await forward();
  await closePods(run);
}
