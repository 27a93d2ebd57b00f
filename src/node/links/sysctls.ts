/** The kernel settings that the data path needs of its node, beside whatever the host's own files say. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { podGroup, tunDevice } from '../ovs/pipeline.ts';
import { isHostDevice } from './veth.ts';

const conf = '/proc/sys/net/ipv4/conf';
const forwarding = '/proc/sys/net/ipv4/ip_forward';

/**
 * By path under `/proc/sys/net/ipv4/conf`. tun0 tells nobody of a shorter way, and asks for pods' MACs in the name of
 * the gateway (table 0 takes no ARP from it in another one). Where rp_filter is on, the way back to who answers a pod is
 * looked up with the packet's mark: without it, it would look like a packet that our nft tables have not seen, for which
 * the routing guard has no way. A pod's answers come by any interface, so it is set for all.
 */
const wanted: Readonly<Record<string, string>> = {
  'all/src_valid_mark': '1',
  [`${tunDevice}/send_redirects`]: '0',
  [`${tunDevice}/rp_filter`]: '0',
  [`${tunDevice}/arp_announce`]: '2',
  // a pod's packet goes where the node says, not where it says itself
  [`${tunDevice}/accept_source_route`]: '0',
};

const read = async (path: string): Promise<string> => (await readFile(path, 'utf8')).trim();

/** Turns forwarding on; the kernel then turns it on for every interface, those of pods too. */
async function forward(): Promise<void> {
  if ((await read(forwarding)) !== '1') await writeFile(forwarding, '1');
}

/** Interfaces of pods are Open vSwitch's alone: in their group, and on the userspace datapath without forwarding. */
async function closePod(device: string): Promise<void> {
  const group = `/sys/class/net/${device}/netdev_group`;
  if ((await read(group)) !== String(podGroup)) await writeFile(group, String(podGroup));
  const isUserspace = (await read(`${conf}/${device}/arp_ignore`)) === '8'; // as attaching the pod left it
  if (isUserspace && (await read(`${conf}/${device}/forwarding`)) !== '0')
    await writeFile(`${conf}/${device}/forwarding`, '0');
}

async function closePods(): Promise<void> {
  const pods = (await readdir(conf)).filter(isHostDevice);
  await Promise.all(pods.map((device) => closePod(device).catch(() => undefined))); // gone meanwhile
}

/** Puts the settings right where they are not; throws when one cannot be written. */
export async function applySysctls(): Promise<void> {
  for (const [name, value] of Object.entries(wanted)) {
    if ((await read(`${conf}/${name}`)) !== value) await writeFile(`${conf}/${name}`, value);
  }
  await forward();
  await closePods();
}
