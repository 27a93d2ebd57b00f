/** The lab's links: network namespaces for nodes, the underlay, the router and the outside host. */
import { type Exec, must } from '../../io/programs/exec.ts';
import { type LabNode, type Layout, network, nodeNamespace } from '../layout.ts';

const batch = (lines: readonly string[]): { input: string } => ({ input: `${lines.join('\n')}\n` });

/** Creates every namespace and the links between them; the nodes' NICs are up and have no addresses. */
export async function makeWires(run: Exec, layout: Layout): Promise<void> {
  const { underlay, router, outside } = layout.namespaces;
  const nodes = layout.nodes.map(({ short }) => nodeNamespace(layout, short));
  await must(
    run,
    'ip',
    ['-batch', '-'],
    batch([underlay, router, outside, ...nodes].map((name) => `netns add ${name}`)),
  );
  const ports = layout.nodes.flatMap((node) => [
    `link add ${node.short} type veth peer name ens3 address ${node.mac} netns ${nodeNamespace(layout, node.short)}`,
    `link set ${node.short} master lan up`,
  ]);
  const lan = [
    'link add lan type bridge',
    'link set lan up',
    ...ports,
    `link add router type veth peer name lan0 netns ${router}`,
    'link set router master lan up',
  ];
  await must(run, 'ip', ['-n', underlay, '-batch', '-'], batch(lan));
  // a switch looks into no packet, whatever this machine filters on its bridges
  for (const kind of ['arp', 'ip', 'ip6'])
    await run('ip', ['netns', 'exec', underlay, 'sysctl', '-qw', `net.bridge.bridge-nf-call-${kind}tables=0`]);
  const { prefixLength, outsidePrefixLength } = network;
  await must(
    run,
    'ip',
    ['-n', router, '-batch', '-'],
    batch([
      'link set lo up',
      `addr add ${network.router}/${prefixLength} dev lan0`,
      'link set lan0 up',
      `link add wan0 type veth peer name eth0 netns ${outside}`,
      `addr add ${network.outsideRouter}/${outsidePrefixLength} dev wan0`,
      'link set wan0 up',
    ]),
  );
  await must(run, 'ip', ['netns', 'exec', router, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=1']);
  await must(
    run,
    'ip',
    ['-n', outside, '-batch', '-'],
    batch([
      'link set lo up',
      `addr add ${network.outsideHost}/${outsidePrefixLength} dev eth0`,
      'link set eth0 up',
      `route add default via ${network.outsideRouter}`,
    ]),
  );
  // Packets to a userspace datapath need complete checksums, whoever sends them.
  for (const [netns, device] of [
    [router, 'lan0'],
    [router, 'wan0'],
    [outside, 'eth0'],
  ] as const) {
    await must(run, 'ip', ['netns', 'exec', netns, 'ethtool', '-K', device, 'tx', 'off']);
  }
}

/**
 * Gives a node its address. Userspace VXLAN needs it on an Open vSwitch bridge, br-ex, which takes over the NIC and its
 * MAC. The kernel would still answer on the NIC and double every reply, so the kernel drops what arrives there. The
 * kernel's datapath takes packets from the NIC itself.
 */
export async function connectNode(
  run: Exec,
  layout: Layout,
  node: LabNode,
  uplink: { readonly database: string; readonly datapath: 'netdev' | 'system' },
): Promise<void> {
  const { database, datapath } = uplink;
  const netns = nodeNamespace(layout, node.short);
  const inside = (program: string, args: readonly string[], input?: string): Promise<string> =>
    must(run, 'ip', ['netns', 'exec', netns, program, ...args], input === undefined ? {} : { input });
  await must(run, 'ovs-vsctl', [
    `--db=unix:${database}`,
    ...[
      'add-br',
      'br-ex',
      '--',
      'set',
      'bridge',
      'br-ex',
      `datapath_type=${datapath}`,
      `other_config:hwaddr="${node.mac}"`,
    ],
    ...['--', 'add-port', 'br-ex', 'ens3'],
  ]);
  await inside(
    'ip',
    ['-batch', '-'],
    [
      'link set lo up',
      'link set ens3 up',
      `addr add ${node.ip}/${network.prefixLength} brd + dev br-ex`,
      'link set br-ex up',
      `route add default via ${network.router}`,
      '',
    ].join('\n'),
  );
  if (datapath === 'system') return;
  // what is for another node is cut again, with complete checksums
  await takeTogether(run, layout.namespaces.underlay, node.short);
  await inside(
    'nft',
    ['-f', '-'],
    'table netdev lab { chain ens3 { type filter hook ingress device "ens3" priority 0; policy drop; }; }\n',
  );
  await inside('ethtool', ['-K', 'ens3', 'tx', 'off']);
  await inside('ethtool', ['-K', 'br-ex', 'tx', 'off']);
}

/**
 * Has a veth take packets in a thread of its own, as many together as there are, and make large segments of them. The only
 * thread of a userspace datapath hands packets over one by one, and would carry each all the way to the receiver, whose
 * acknowledgements are then many. A kernel without such threads (before 5.12) does that.
 */
export async function takeTogether(run: Exec, netns: string, device: string): Promise<void> {
  await must(run, 'ip', ['netns', 'exec', netns, 'ethtool', '-K', device, 'gro', 'on', 'tx', 'off']);
  await run('ip', ['netns', 'exec', netns, 'sh', '-c', 'echo 1 >"/sys/class/net/$1/threaded"', 'sh', device]);
}

/** The existing namespaces of a lab, including those of pods. */
export async function labNamespaces(run: Exec, layout: Layout): Promise<string[]> {
  const listed = await must(run, 'ip', ['netns', 'list']);
  return listed
    .split('\n')
    .map((line) => line.split(' ', 1)[0] ?? '')
    .filter((name) => name.startsWith(layout.namespacePrefix));
}
