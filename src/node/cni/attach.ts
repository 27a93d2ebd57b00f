/** A pod's link: a veth pair between the pod's network namespace and br0, its address and routes. */
import { type Exec, must } from '../../io/programs/exec.ts';
import { type Ip, parseIp } from '../../model/values/address.ts';
import { asText } from '../../model/values/json.ts';
import { ipBatch, recordsOf } from '../links/ip.ts';
import { hasDevice } from '../links/present.ts';
import { writeSysctl } from '../links/sysctl.ts';
import { podGroup } from '../ovs/pipeline.ts';
import { podMac } from '../values/addressing.ts';
import type { Networks, NodeFacts } from '../values/facts.ts';
import type { AttachedPod } from './pods.ts';

/** Prefix of the veth's alias, which holds what OVSDB knows about the pod, so that a lost bridge can be restored. */
const aliasMark = 'sdn-compat';

export interface LinkRequest {
  readonly sandbox: string;
  readonly network: string;
  readonly namespace: string;
  readonly uid: string;
  /** Path of the pod's network namespace. */
  readonly netns: string;
  /** Name of the interface inside it. */
  readonly device: string;
  readonly ip: Ip;
  readonly mtu: number;
}

/** Makes the pair and configures the pod's end; what a broken earlier attempt left is replaced. */
export async function makeLink(
  run: Exec,
  facts: NodeFacts,
  networks: Networks,
  request: LinkRequest & { readonly host: string },
): Promise<void> {
  const { netns, device, ip, mtu, host, sandbox, network, namespace, uid } = request;
  const inPod = ['--net=' + netns, '--'];
  await removeLink(run, host);
  const mac = podMac(ip);
  const alias = [aliasMark, sandbox, ip, namespace, network, uid].join(' ').trimEnd();
  const pair = [
    `link add ${host} mtu ${mtu} type veth peer name ${device} address ${mac} mtu ${mtu} netns ${netns}`,
    `link set dev ${host} alias "${alias}"`,
    `link set dev ${host} group ${podGroup} up`,
  ];
  await ipBatch(run, pair);
  if (facts.datapath === 'netdev') await leaveToUserspace(host);
  const lines = [
    'link set dev lo up',
    `addr add ${ip}/${facts.subnet.length} brd + dev ${device}`,
    `link set dev ${device} up`,
    ...networks.cluster.map(({ text }) => `route replace ${text} dev ${device}`),
    `route replace default via ${facts.gateway} dev ${device}`,
  ];
  await Promise.all([
    must(run, 'nsenter', [...inPod, 'ip', '-batch', '-'], { input: `${lines.join('\n')}\n` }),
    ...(facts.datapath === 'netdev'
      ? [
          must(run, 'ethtool', ['-K', host, 'tx', 'off']),
          must(run, 'nsenter', [...inPod, 'ethtool', '-K', device, 'tx', 'off']),
        ]
      : []),
  ]);
}

/**
 * The userspace datapath takes a copy of what arrives at an interface. The node's kernel sees it, too, and would answer
 * the pod's ARP and route its packets around the bridge. These settings prevent that: no ARP answer, no forwarding, and
 * no packet whose return path is not this interface (it is tun0). They are set before the pod's end is up. (Checksums,
 * which a veth leaves to the receiver's kernel, must be complete too, because packets on this datapath pass no kernel.)
 */
async function leaveToUserspace(host: string): Promise<void> {
  const settings = {
    [`ipv4/conf/${host}/arp_ignore`]: '8',
    [`ipv4/conf/${host}/forwarding`]: '0',
    [`ipv4/conf/${host}/rp_filter`]: '1',
    [`ipv6/conf/${host}/disable_ipv6`]: '1',
  };
  for (const [name, value] of Object.entries(settings)) await writeSysctl(name, value);
}

/** The links of this host. */
export interface PresentLinks {
  readonly devices: ReadonlySet<string>;
  /** The pods that have a veth here, read from its alias, attached to the bridge or not. */
  readonly pods: readonly Omit<AttachedPod, 'ofport'>[];
}

/** Reads the links of this host. */
export async function readLinks(run: Exec): Promise<PresentLinks> {
  const links = recordsOf(await must(run, 'ip', ['-j', 'link', 'show']));
  const pods = links.flatMap((link) => {
    const [mark, sandbox = '', address = '', namespace = '', network = '', uid = ''] = asText(link['ifalias']).split(
      ' ',
    );
    const ip = parseIp(address);
    if (mark !== aliasMark || !ip.ok) return [];
    return [{ device: asText(link['ifname']), sandbox, network, namespace, name: '', uid, ip: ip.value }];
  });
  return { devices: new Set(links.map((link) => asText(link['ifname']))), pods };
}

/** The pods that have a veth on this host. */
export async function linkedPods(run: Exec): Promise<PresentLinks['pods']> {
  return (await readLinks(run)).pods;
}

/** Removes the pair by its end on the node; a missing one is not an error. */
export async function removeLink(run: Exec, host: string): Promise<void> {
  if (await hasDevice(host)) await run('ip', ['link', 'del', 'dev', host]);
}
