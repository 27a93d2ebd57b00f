/**
 * The first law rests on two locks that share nothing, flows with NAT and addresses alone, and on the routing guard
 * behind them. Each row of the table in docs/datapath.md removes or breaks something, with the agents stopped so that
 * nothing repairs it, and checks what leaves the node.
 */
import { existsSync, readFileSync } from 'node:fs';
import { ourAnnotations } from '../../src/model/objects/well-known.ts';
import { tablesOf } from '../../src/node/nft/ruleset.ts';
import { markMac } from '../../src/node/plan/tun0.ts';
import { datapath, TestLab, until } from './lab.ts';
import { echoServer, type RouterWatch, watchRouter } from './packets.ts';

const node = 'worker1';
const nodeIP = '192.168.7.12';
const [redIP, blueIP] = ['192.168.7.201', '192.168.7.202'];
let lab: TestLab;
let router: RouterWatch;
const ended: (() => unknown)[] = [];

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2', '--host', 'rhel');
  await Promise.all(['red', 'blue', 'dark', 'plain', 'fine'].map((name) => lab.namespace(name)));
  await lab.pods(
    ['red/w0', 'worker0'],
    ['red/w1', 'worker1'],
    ['blue/w1', 'worker1'],
    ['dark/w1', 'worker1'],
    ['plain/w1', 'worker1'],
    ['fine/w1', 'worker1'],
    ['fine/free', 'worker1'],
  );
  await lab.patch('hostsubnet', node, { egressIPs: [redIP, blueIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [redIP] });
  await lab.patch('netnamespace', 'blue', { egressIPs: [blueIP] });
  await lab.patch('netnamespace', 'dark', { egressIPs: ['192.168.7.203'] });
  // what its rules cover may leave by nothing; one pod is not selected, and leaves as the node
  await lab.must(['label', 'pod', '-n', 'fine', 'free', 'app=free']);
  const rules = { destinations: '10.1.8.0/24', 'pod-selector': 'app!=free' };
  await lab.patch('netnamespace', 'fine', {
    egressIPs: ['192.168.7.204'],
    metadata: {
      annotations: Object.fromEntries(Object.entries(rules).map(([name, text]) => [`${ourAnnotations}${name}`, text])),
    },
  });
  ended.push(echoServer(lab));
  router = await watchRouter(lab);
});
afterAll(async () => {
  for (const end of ended) end();
  await lab.down();
});

const well = async (): Promise<void> => {
  await lab.untilSource('red/w0', redIP);
  await lab.untilSource('red/w1', redIP);
  await lab.untilSource('blue/w1', blueIP);
  await lab.untilSource('plain/w1', nodeIP);
  await lab.untilSource('fine/free', nodeIP);
};

const ofctl = (...args: string[]) => lab.node(node, 'ovs-ofctl', '-O', 'OpenFlow13', ...args);
const nft = async (ruleset: string): Promise<void> => {
  const ran = await lab.node(node, 'nft', ...ruleset.split(' '));
  if (ran.status !== 0) throw new Error(ran.stderr);
};
/** The action that gives a packet a VNID's mark. */
const marked = (mark: number): string =>
  datapath === 'system' ? `set_field:${mark}->pkt_mark` : `set_field:${markMac(mark)}->eth_src`;
const owner = async (namespace: string): Promise<string> =>
  `0x${(0x20000000 + (await lab.netid(namespace))).toString(16)}`;

const bothRemoved = async (): Promise<void> => {
  expect(await lab.removeTables(node)).toEqual(tablesOf(datapath));
};

/** Sends everything as the node. */
const asNobody = async (): Promise<void> => {
  await ofctl('add-flow', 'br0', `table=100,priority=40000,ip,in_port=1,actions=${marked(0)},output:2`);
  await ofctl('add-flow', 'br0', `table=100,priority=39999,ip,actions=${marked(0)},output:2`);
};

/** What is sent to red's port goes to dark's, to which nobody may send, and leaves with the address of the node. */
const sendElsewhere = async (): Promise<void> => {
  await nft('add table ip other');
  await nft('add chain ip other pre { type nat hook prerouting priority -100 ; }');
  await nft('add rule ip other pre iifname tun0 meta l4proto { tcp, udp } th dport 20000 dnat to 10.1.8.72:20002');
  await nft('add chain ip other post { type nat hook postrouting priority -50 ; }');
  await nft('add rule ip other post oifname br-ex masquerade');
};

/** What each row does to the node, and what still holds. `works`: red is not even cut off. */
const rows: readonly { readonly what: string; readonly damage: () => Promise<unknown>; readonly works?: true }[] = [
  { what: 'the table of addresses removed', damage: () => nft('delete table ip sdn_compat_guard'), works: true },
  { what: 'the table of marks removed', damage: () => nft('delete table ip sdn_compat') },
  { what: 'both tables removed', damage: bothRemoved },
  {
    what: 'both tables removed, and somebody masquerades',
    damage: async () => {
      await bothRemoved();
      await nft('add table ip other');
      await nft('add chain ip other post { type nat hook postrouting priority 100 ; }');
      await nft('add rule ip other post oifname br-ex masquerade');
    },
  },
  {
    what: 'the routing guard removed',
    works: true,
    damage: async () => {
      for (const pref of ['90', '91', '92']) await lab.node(node, 'ip', 'rule', 'del', 'pref', pref);
    },
  },
  {
    what: 'the flows say that nobody asks for anything',
    damage: () => asNobody(),
  },
  {
    what: 'the same, and the chains of finer rules are emptied',
    damage: async () => {
      for (const name of ['ip sdn_compat', 'ip sdn_compat_guard']) {
        const listed = await lab.node(node, 'nft', 'list', 'table', ...name.split(' '));
        const chains = [...listed.stdout.matchAll(/chain (finer_\w+) /g)].map(([, chain = '']) => chain);
        expect(chains).toHaveLength(1);
        for (const chain of chains) await nft(`flush chain ${name} ${chain}`);
      }
      await asNobody();
    },
  },
  {
    what: "the flows give red blue's mark",
    damage: async () => {
      const mark = marked(await lab.netid('blue'));
      await ofctl('add-flow', 'br0', `table=100,priority=40000,ip,in_port=3,actions=${mark},output:2`);
      for (const port of (await ofctl('show', 'br0')).stdout.matchAll(/^ (\d+)\(veth/gm)) {
        await ofctl('add-flow', 'br0', `table=100,priority=40000,ip,in_port=${port[1]!},actions=${mark},output:2`);
      }
    },
  },
  {
    what: "the map translates red to blue's address",
    damage: async () => {
      const mark = await owner('red');
      await nft(`delete element ip sdn_compat egress_snat { ${mark} }`);
      await nft(`add element ip sdn_compat egress_snat { ${mark} : ${blueIP} }`);
    },
  },
  { what: 'the map is empty', damage: () => nft('flush map ip sdn_compat egress_snat') },
  { what: 'the sources of pods are lost', damage: () => nft('flush set ip sdn_compat_guard pod_sources') },
  { what: 'no pod is restricted', damage: () => nft('flush set ip sdn_compat_guard restricted_pods'), works: true },
  { what: 'the hosted addresses are lost', damage: () => nft('flush set ip sdn_compat_guard egress_hosted') },
  { what: 'the networks of the table of marks are lost', damage: () => nft('flush set ip sdn_compat pod_networks') },
  {
    what: 'the networks of the table of addresses are lost',
    damage: () => nft('flush set ip sdn_compat_guard pod_networks'),
    works: true,
  },
  {
    what: 'another program marks every packet before it is routed',
    works: true,
    damage: async () => {
      await nft('add table ip other');
      await nft('add chain ip other pre { type filter hook prerouting priority -150 ; }');
      await nft('add rule ip other pre meta mark set 10');
    },
  },
  {
    what: "another program gives every packet red's mark as it leaves, and masquerades first",
    damage: async () => {
      await nft('add table ip other');
      await nft('add chain ip other post { type filter hook postrouting priority -150 ; }');
      await nft(`add rule ip other post meta mark set ${await owner('red')}`);
      await nft('add chain ip other nat { type nat hook postrouting priority -140 ; }');
      await nft('add rule ip other nat oifname br-ex masquerade');
    },
  },
  {
    what: "another program gives every connection red's conntrack mark",
    damage: async () => {
      await nft('add table ip other');
      await nft('add chain ip other pre { type filter hook prerouting priority -150 ; }');
      await nft(`add rule ip other pre ct mark set ${await owner('red')}`);
    },
  },
  {
    what: 'another program sends outside connections elsewhere, and masquerades first',
    damage: () => sendElsewhere(),
  },
  {
    what: 'the same, and the table of addresses removed',
    damage: async () => {
      await nft('delete table ip sdn_compat_guard');
      await sendElsewhere();
    },
  },
  {
    what: 'the same, and the table of marks does not look at what leaves',
    damage: async () => {
      await nft('flush chain ip sdn_compat left');
      await sendElsewhere();
    },
  },
  { what: 'conntrack is emptied', damage: () => lab.node(node, 'conntrack', '-F'), works: true },
  {
    what: "Open vSwitch's conntrack is emptied",
    damage: () => lab.node(node, 'ovs-appctl', 'dpctl/flush-conntrack'),
    works: true,
  },
  {
    what: 'the egress IP is taken off the link',
    damage: () => lab.node(node, 'ip', 'addr', 'del', `${redIP}/24`, 'dev', 'br-ex'),
  },
];

test.each(rows)('$what', async ({ damage, works }) => {
  await well();
  const agents = [lab.pid('node-worker0'), lab.pid('node-worker1')];
  for (const pid of agents) process.kill(pid, 'SIGSTOP');
  try {
    await damage();
    const before = await router.seen();
    // new and kept connections by TCP and UDP, and pings
    await router.traffic(['red/w0', 'red/w1', 'blue/w1', 'dark/w1', 'plain/w1', 'fine/w1'], 1_500);
    const after = await router.seen();
    expect(after.wrong).toEqual([]);
    if (works === true) expect(after.right['red']! - before.right['red']!).toBeGreaterThan(10);
  } finally {
    for (const pid of agents) process.kill(pid, 'SIGCONT');
    await lab.node(node, 'nft', 'delete', 'table', 'ip', 'other');
    await lab.node(node, 'ovs-ofctl', '-O', 'OpenFlow13', 'del-flows', 'br0', 'table=100');
    await lab.command('kill', 'agent', node);
    await lab.command('start', 'agent', node);
  }
  await until(
    'the node is as it should be again',
    async () => {
      await well();
      return true;
    },
    30,
  );
});

test('the table in the documentation has these rows', () => {
  const file = new URL('../../docs/datapath.md', import.meta.url);
  expect(existsSync(file)).toBe(true);
  const text = readFileSync(file, 'utf8');
  expect(rows.map(({ what }) => what).filter((what) => !text.includes(`| ${what} |`))).toEqual([]);
});
