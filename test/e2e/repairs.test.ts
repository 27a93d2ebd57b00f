/** What somebody else changes on a node is put right, and nothing leaks meanwhile. */
import { readFileSync } from 'node:fs';
import { runningClockTest, TestLab, until } from './lab.ts';
import { Client, sleep } from './outage.ts';

const node = 'worker1';
const egressIP = '192.168.7.201';
let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2', '--agent-option', 'resync=2');
  await lab.namespace('red');
  await lab.namespace('blue');
  await lab.pods(['red/w0', 'worker0'], ['red/w1', 'worker1'], ['blue/w0', 'worker0'], ['blue/w1', 'worker1']);
  await lab.patch('hostsubnet', node, { egressIPs: [egressIP] });
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  await lab.untilSource('red/w0', egressIP);
  await lab.untilSource('red/w1', egressIP);
  await lab.untilSource('blue/w1', '192.168.7.12');
});
const ended: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ended) end();
  await lab.down();
});

const flows = async (): Promise<string[]> =>
  (await lab.node(node, 'ovs-ofctl', '-O', 'OpenFlow13', '--no-stats', 'dump-flows', 'br0')).stdout
    .split('\n')
    .slice(1)
    .sort();
const table = async (): Promise<string> =>
  (await lab.node(node, 'nft', '-s', 'list', 'table', 'ip', 'sdn_compat')).stdout;
const rules = async (): Promise<string> => (await lab.node(node, 'ip', 'rule')).stdout;

/** Breaks something; what it was before must be there again within the seconds, and no request may leave otherwise. */
async function repaired<T>(
  what: string,
  look: () => Promise<T>,
  damage: () => Promise<unknown>,
  seconds: number,
): Promise<void> {
  const before = JSON.stringify(await look());
  await damage();
  const sources = new Set<string>();
  await until(
    what,
    async () => {
      for (const pod of ['red/w0', 'red/w1']) sources.add(await lab.source(pod, 0.2));
      return JSON.stringify(await look()) === before;
    },
    seconds,
  );
  await lab.untilSource('red/w0', egressIP);
  await lab.untilSource('red/w1', egressIP);
  expect([...sources].filter((source) => source !== '' && source !== egressIP)).toEqual([]);
}

test('all flows deleted', () =>
  repaired('the flows are back', flows, () => lab.node(node, 'ovs-ofctl', '-O', 'OpenFlow13', 'del-flows', 'br0'), 10));

test('one flow deleted, one changed, and a foreign one added in our tables', () =>
  repaired(
    'the flows are as before',
    flows,
    async () => {
      const ofctl = (...args: string[]) => lab.node(node, 'ovs-ofctl', '-O', 'OpenFlow13', ...args);
      await ofctl('del-flows', 'br0', 'table=101,in_port=1');
      await ofctl('add-flow', 'br0', 'table=31,priority=5,ip,nw_dst=198.51.100.0/24,actions=drop');
      await ofctl('mod-flows', 'br0', 'table=90,actions=drop');
      for (const strange of [
        'hard_timeout=600,ip',
        'send_flow_rem,idle_timeout=600,ipv6,ipv6_dst=fd00::/8',
        'in_port=LOCAL',
        'mpls,mpls_label=7',
      ]) {
        await ofctl('add-flow', 'br0', `table=31,priority=6,${strange},actions=drop`);
      }
    },
    10,
  ));

test('the nft table deleted', () =>
  repaired('the table is back', table, () => lab.node(node, 'nft', 'delete', 'table', 'ip', 'sdn_compat'), 2));

test('an element and a rule of the nft table removed, and a stray element added', () =>
  repaired(
    'the table is as before',
    table,
    async () => {
      await lab.node(node, 'nft', 'flush', 'set', 'ip', 'sdn_compat', 'egress_sources');
      await lab.node(node, 'nft', 'flush', 'chain', 'ip', 'sdn_compat', 'left');
      await lab.node(node, 'nft', 'add', 'element', 'ip', 'sdn_compat', 'egress_snat', '{ 0x20000055 : 192.168.7.99 }');
    },
    6,
  ));

test.each(['pod_networks', 'inside'])('the set %s of the nft table emptied', (set) =>
  repaired('the table is as before', table, () => lab.node(node, 'nft', 'flush', 'set', 'ip', 'sdn_compat', set), 5),
);

test('the routing guard removed', () =>
  repaired(
    'the rules are back',
    rules,
    async () => {
      for (const pref of ['90', '91', '92']) await lab.node(node, 'ip', 'rule', 'del', 'pref', pref);
    },
    5,
  ));

test('the egress IP removed from the interface', () =>
  repaired(
    'it is back',
    async () => (await lab.node(node, 'ip', '-4', '-o', 'addr', 'show', 'br-ex')).stdout.includes(`${egressIP}/24`),
    () => lab.node(node, 'ip', 'addr', 'del', `${egressIP}/24`, 'dev', 'br-ex'),
    1,
  ));

test('the bridge deleted: it is made again with its pods', () =>
  repaired(
    'the pod has its port again',
    async () => (await lab.node(node, 'ovs-ofctl', '-O', 'OpenFlow13', 'show', 'br0')).stdout.includes('(veth'),
    () => lab.node(node, 'ovs-vsctl', `--db=unix:/run/sdn-compat-lab/${lab.name}/ovs/${node}/db.sock`, 'del-br', 'br0'),
    10,
  )
    // pods find the gateway where it was, also those whose packets keep the MAC that they know
    .then(() =>
      until(
        'a pod without egress IP reaches the outside',
        async () => (await lab.source('blue/w1')) === '192.168.7.12',
        5,
      ),
    ));

test('ovs-vswitchd killed and started again', () =>
  repaired(
    'the flows are back',
    async () => (await flows()).length > 50,
    async () => {
      await lab.command('kill', 'ovs', node);
      await lab.command('start', 'ovs', node);
    },
    10,
  ));

describe('a namespace begins to request an egress IP', () => {
  const wanted = '192.168.7.202';
  const nodeIP = async (name: string): Promise<string> =>
    lab.must(['get', 'hostsubnet', `${name}.ocp4.rober.lab`, '-o', 'jsonpath={.hostIP}']);
  /** The pod requests one while the node is hindered, and leaves with no other address from then on. */
  async function locked(
    pod: string,
    worker: string,
    hinder: () => Promise<unknown>,
    help: () => Promise<unknown>,
  ): Promise<void> {
    await lab.patch('netnamespace', 'blue', { egressIPs: null });
    await lab.untilSource(pod, await nodeIP(worker));
    const client = await Client.start(lab, pod, 20);
    try {
      await hinder();
      await lab.patch('netnamespace', 'blue', { egressIPs: [wanted] });
      const from = Date.now() + 500;
      await sleep(3_000);
      await help();
      await lab.untilSource(pod, wanted);
      await sleep(1_200);
      const attempts = client.between(from, Date.now());
      expect(attempts.length).toBeGreaterThan(100);
      expect(attempts.filter(({ source }) => source !== '' && source !== wanted)).toEqual([]);
    } finally {
      client.stop();
    }
  }
  beforeAll(() => lab.patch('hostsubnet', node, { egressIPs: [egressIP, wanted] }));

  runningClockTest('while OVSDB is dead, nft is told at once', async () => {
    const dir = `/run/sdn-compat-lab/${lab.name}/ovs/${node}`;
    let began: number | undefined;
    const start = async (): Promise<void> => {
      const environment = ['OVS_RUNDIR', 'OVS_LOGDIR', 'OVS_DBDIR'].map((name) => `${name}=${dir}`);
      await lab.node(
        node,
        'env',
        ...environment,
        'ovsdb-server',
        `${dir}/conf.db`,
        `--remote=punix:${dir}/db.sock`,
        '--detach',
        '--no-chdir',
        '--pidfile',
        '--log-file',
        '-vconsole:off',
      );
      began = Number(readFileSync(`${dir}/ovsdb-server.pid`, 'utf8'));
    };
    ended.push(() => began === undefined || process.kill(began));
    await locked(
      'blue/w1',
      node,
      () => Promise.resolve(process.kill(lab.pid(`ovsdb-server-${node}`), 'SIGKILL')),
      start,
    );
  });

  const patch = (network: object) =>
    lab.must(['patch', 'clusternetwork', 'default', '--type=merge', '-p', JSON.stringify(network)]);
  /** Somebody adds elements: for this namespace with a comment, and for all others. */
  const addElements = async (): Promise<void> => {
    const mark = `0x${(0x20000000 + (await lab.netid('blue'))).toString(16)}`;
    const elements = `{ ${mark} comment "mine" : 192.168.7.99, * : 192.168.7.98 }`;
    const ran = await lab.node(node, 'nft', 'add', 'element', 'ip', 'sdn_compat', 'egress_snat', elements);
    if (ran.status !== 0) throw new Error(ran.stderr);
    await sleep(2_500); // the agent reads all again in the meantime
  };

  let repair = (): Promise<unknown> => Promise.resolve();
  const breakOwn = async (): Promise<void> => {
    repair = await lab.breakHostSubnet(node);
  };

  test('while its own HostSubnet is invalid', () => {
    return locked('blue/w1', node, breakOwn, () => repair());
  });

  test('while its own HostSubnet is invalid, and somebody has added nft elements that we never write', () => {
    return locked(
      'blue/w1',
      node,
      async () => {
        await breakOwn();
        await addElements();
      },
      () => repair(),
    );
  });

  test('while ClusterNetwork is broken: the last valid one goes on', () => {
    return locked(
      'blue/w1',
      node,
      () => patch({ serviceNetwork: '10.254.0.0/16' }),
      () => patch({ serviceNetwork: '172.30.0.0/16' }),
    );
  });

  test('after somebody has added nft elements that we never write', () => {
    return locked('blue/w1', node, addElements, () => Promise.resolve());
  });
});

test('nothing is written when nothing changed', async () => {
  const events = async () =>
    (await lab.node(node, 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-flows', 'br0')).stdout
      .match(/duration=\d+/g)!
      .map((found) => Number(found.slice(9)));
  const updates = () =>
    lab
      .log(`node-${node}`)
      .split('\n')
      .filter((line) => line.includes('node brought up to date')).length;
  await until('it is calm', async () => Math.min(...(await events())) >= 3, 20);
  const before = updates();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  expect(updates()).toBe(before);
  expect(Math.min(...(await events()))).toBeGreaterThanOrEqual(7);
});

test('the own HostSubnet gone: what the node hosted is withdrawn', async () => {
  const hosted = async (): Promise<string[]> =>
    [(await lab.node(node, 'ip', '-o', 'addr', 'show', 'br-ex')).stdout, await table()].filter((text) =>
      text.includes(egressIP),
    );
  const client = await Client.start(lab, 'red/w1', 20);
  try {
    expect(await hosted()).toHaveLength(2);
    await lab.must(['delete', 'node', `${node}.ocp4.rober.lab`]);
    await until('the address is gone', async () => (await hosted()).length === 0, 3);
    expect(client.attempts.filter(({ source }) => source !== '' && source !== egressIP)).toEqual([]);
  } finally {
    client.stop();
  }
});
