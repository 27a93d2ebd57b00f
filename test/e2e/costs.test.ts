/**
 * What packets cost in the datapath itself: how often it looks one up, and how often that passes conntrack, as its own
 * flows say after a connection with many packets. It is what the plan says (test/node/plan/costs.ts).
 */
import { type Cost, type WayCost, wayCosts } from '../node/plan/costs.ts';
import { datapath, TestLab, until } from './lab.ts';
import { script } from './packets.ts';

type Paid = Pick<Cost, 'lookups' | 'passes'>;
/** A bridge that a packet enters: the node, and the device by which it comes. */
type Entry = readonly [worker: string, device: string];

const [nearIP, farIP] = ['192.168.7.201', '192.168.7.202'];
const outsideHost = '10.1.8.72';
const echoPort = 7;
/** So many that no other packets of a node come as often. */
const trips = 1_000;
const [tun0, vxlan0] = ['tun0', 'vxlan_sys_4789'];
let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2');
  for (const name of ['plain', 'near', 'far']) await lab.namespace(name);
  await lab.patch('hostsubnet', 'worker0', { egressIPs: [nearIP] });
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [farIP] });
  await lab.patch('netnamespace', 'near', { egressIPs: [nearIP] });
  await lab.patch('netnamespace', 'far', { egressIPs: [farIP] });
  await lab.pods(...['plain/a', 'near/a', 'far/a', 'plain/here'].map((pod) => [pod, 'worker0'] as const));
  await lab.pods(['plain/there', 'worker1']);
  await lab.untilSource('plain/a', '192.168.7.11');
  await lab.untilSource('near/a', nearIP);
  await lab.untilSource('far/a', farIP);
});
afterAll(() => lab.down());

/** The device of a pod on its node. */
async function deviceOf(pod: string, worker: string): Promise<string> {
  const database = `--db=unix:/run/sdn-compat-lab/${lab.name}/ovs/${worker}/db.sock`;
  const find = ['--bare', '--columns=name', 'find', 'Interface', `external_ids:ip="${await lab.podIP(pod)}"`];
  return (await lab.node(worker, 'ovs-vsctl', database, ...find)).stdout.trim();
}

interface Cached {
  readonly device: string;
  readonly recirculated: string;
  readonly packets: number;
  readonly actions: string;
}

async function cachedFlows(worker: string): Promise<readonly Cached[]> {
  const { stdout } = await lab.node(worker, 'ovs-appctl', 'dpctl/dump-flows', '--names');
  return stdout.split('\n').flatMap((line) => {
    const [, recirculated, device, packets, actions] =
      /recirc_id\((\w+)\).*in_port\((\w+)\).* packets:(\d+), .*actions:(.*)$/.exec(line) ?? [];
    if (recirculated === undefined || device === undefined || actions === undefined) return [];
    return [{ device, recirculated: String(Number(recirculated)), packets: Number(packets), actions }];
  });
}

/** What most packets paid that came there: the flows that they took in the datapath, from one lookup to the next. */
function paidBy(
  flows: readonly Cached[],
  device: string,
  recirculated = '0',
  before: Paid = { lookups: 0, passes: 0 },
): Paid {
  const [most] = flows
    .filter((flow) => flow.device === device && flow.recirculated === recirculated)
    .sort((a, b) => b.packets - a.packets);
  if (most === undefined || most.packets < trips / 2)
    throw new Error(`${device}: no packets after recirculation ${recirculated}`);
  const passes = most.actions.match(/\bct\b(?=[,(]|$)/g)?.length ?? 0;
  const paid = { lookups: before.lookups + 1, passes: before.passes + passes };
  const [, next] = /\brecirc\((\w+)\)/.exec(most.actions) ?? [];
  return next === undefined ? paid : paidBy(flows, device, String(Number(next)), paid);
}

async function paid(entries: readonly Entry[]): Promise<Paid> {
  let sum = { lookups: 0, passes: 0 };
  for (const [worker, device] of entries) {
    const one = paidBy(await cachedFlows(worker), device);
    sum = { lookups: sum.lookups + one.lookups, passes: sum.passes + one.passes };
  }
  return sum;
}

/** Sends a byte there and back, many times. */
async function exchange(from: string, netns: string, to: string): Promise<void> {
  const server = script(
    netns,
    `require('net').createServer((s) => s.setNoDelay().on('error', () => {}).pipe(s)).listen(${echoPort}, () => console.log('ready'))`,
  );
  let said = '';
  server.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  try {
    await until('the server listens', () => said.includes('ready'));
    const { stdout, stderr } = await lab.exec(
      from,
      process.execPath,
      '-e',
      `
      let left = ${trips};
      const s = require('net').connect(${echoPort}, '${to}');
      s.setNoDelay().on('connect', () => s.write('x')).on('data', () => { left -= 1; if (left > 0) s.write('x'); else { console.log('done'); process.exit(); } });`,
    );
    if (!stdout.includes('done')) throw new Error(`${from} to ${to}: ${stderr}`);
  } finally {
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await gone;
  }
}

const planned = new Map(wayCosts(datapath).map((cost): [string, WayCost] => [cost.way, cost]));

test.each([
  ['outside, no egress IP', 'plain/a', 'outside'],
  ['outside, egress IP on the own node', 'near/a', 'outside'],
  ['outside, egress IP on another node', 'far/a', 'outside'],
  ['pod to pod, own node', 'plain/a', 'plain/here'],
  ['pod to pod, another node', 'plain/a', 'plain/there'],
])('%s', async (way, from, to) => {
  const isOutside = to === 'outside';
  const device = await deviceOf(from, 'worker0');
  const hops: Readonly<Record<string, readonly [readonly Entry[], readonly Entry[]]>> = {
    'far/a': [
      [
        ['worker0', device],
        ['worker1', vxlan0],
      ],
      [
        ['worker1', tun0],
        ['worker0', vxlan0],
      ],
    ],
    outside: [[['worker0', device]], [['worker0', tun0]]],
    'plain/here': [[['worker0', device]], [['worker0', await deviceOf('plain/here', 'worker0')]]],
    'plain/there': [
      [
        ['worker0', device],
        ['worker1', vxlan0],
      ],
      [
        ['worker1', await deviceOf('plain/there', 'worker1')],
        ['worker0', vxlan0],
      ],
    ],
  };
  const [there, back] = hops[from] ?? hops[to]!;
  for (const worker of ['worker0', 'worker1']) await lab.node(worker, 'ovs-appctl', 'revalidator/purge');
  await exchange(
    from,
    isOutside ? `sdnc.${lab.name}.outside` : await lab.podNamespace(to),
    isOutside ? outsideHost : await lab.podIP(to),
  );
  const of = ({ lookups, passes }: Cost): Paid => ({ lookups, passes });
  expect({ there: await paid(there), back: await paid(back) }).toEqual({
    there: of(planned.get(way)!.there),
    back: of(planned.get(way)!.back),
  });
});
