/** How much pods get through by a limited egress IP: a file of its own, because nothing else may be at work meanwhile. */
import { bandwidthAnnotation } from '../../src/model/objects/egressrules.ts';
import { parseMeters } from '../../src/node/ovs/parse.ts';
import { TestLab, until } from './lab.ts';

const [red, blue] = ['192.168.7.201', '192.168.7.202'] as const;
const [near, far, other] = ['red/near', 'red/far', 'blue/other'] as const;
let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.up();
  await lab.namespace('red');
  await lab.namespace('blue');
  await lab.pods([near, 'worker0'], [far, 'worker1'], [other, 'worker0']);
  await lab.patch('netnamespace', 'red', { egressIPs: [red] });
  await lab.patch('netnamespace', 'blue', { egressIPs: [blue] });
  await lab.patch('hostsubnet', 'worker0', { egressIPs: [red, blue] });
});
afterAll(() => lab.down());

const limit = (value: string | null): Promise<string> =>
  lab.patch('netnamespace', 'red', { metadata: { annotations: { [bandwidthAnnotation]: value } } });

/** The rates of the meters on a node, in kbit/s. */
async function rates(node: string): Promise<readonly (number | undefined)[]> {
  const { stdout } = await lab.node(node, 'ovs-ofctl', '-O', 'OpenFlow13', 'dump-meters', 'br0');
  return parseMeters(stdout).map(({ meter }) => meter?.rate);
}

const untilRates = (node: string, ...wanted: readonly number[]): Promise<unknown> =>
  until(
    `the meters of ${node} are ${wanted.join() || 'none'}`,
    async () => (await rates(node)).join() === wanted.join(),
  );

/** Receives from that many connections, and says how many Mbit/s came by all together. */
const sink = String.raw`
  let [bytes, from, open] = [0, undefined, Number(process.argv[1])];
  const server = require('net').createServer((socket) => {
    socket.on('data', (chunk) => { from ??= performance.now(); bytes += chunk.length; });
    socket.on('error', () => {}).on('close', () => {
      open -= 1;
      if (open > 0) return;
      console.log(bytes * 8 / (performance.now() - from) / 1000);
      process.exit(0);
    });
  }).listen(9000);
`;
/** Sends for 4 s, or 64 MiB, more than gets through within a limit in that time. */
const source = `let left = 4096; const s = require('net').connect(9000, '10.1.8.72'); const more = () => { while (left-- > 0 && s.write(Buffer.alloc(16384))); if (left > 0) s.once('drain', more); else s.end(); }; s.on('connect', more).on('error', () => {}).on('close', () => process.exit(0)); setTimeout(() => { s.resetAndDestroy(); process.exit(0); }, 4000);`;

async function mbits(...pods: readonly string[]): Promise<number> {
  const receiving = lab.inside('outside', process.execPath, '-e', sink, String(pods.length));
  await until(
    'the sink listens',
    async () => (await lab.inside('outside', 'ss', '-Hltn', 'sport', '=', ':9000')).stdout !== '',
  );
  await Promise.all(pods.map((pod) => lab.exec(pod, process.execPath, '-e', source)));
  const rate = Number((await receiving).stdout);
  console.log(`${pods.join(' and ')}: ${rate.toFixed(1)} Mbit/s`);
  return rate;
}

/** About 10 Mbit/s: a meter drops, so TCP gets through less, and a burst may go beyond. */
const isLimited = (rate: number): void => {
  expect(rate).toBeGreaterThan(2);
  expect(rate).toBeLessThan(13);
};

test('pods of all nodes share the limit of their egress IP, and other namespaces have none', async () => {
  await lab.untilSource(near, red);
  await lab.untilSource(far, red);
  await lab.untilSource(other, blue);
  expect(await rates('worker0')).toEqual([]);
  await limit('10M');
  await untilRates('worker0', 10_000);
  isLimited(await mbits(near, far));
  isLimited(await mbits(far));
  expect(await mbits(other)).toBeGreaterThan(25);
  expect(await rates('worker1')).toEqual([]);
  expect([await lab.source(near, 5), await lab.source(far, 5)]).toEqual([red, red]);
});

test('the limit goes with the egress IP to another node', async () => {
  await lab.patch('hostsubnet', 'worker0', { egressIPs: [blue] });
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [red] });
  await untilRates('worker1', 10_000);
  await untilRates('worker0');
  for (const pod of [near, far]) await lab.untilSource(pod, red);
  isLimited(await mbits(near, far));
});

test('what others take away comes back, also while no agent runs', async () => {
  await lab.node('worker1', 'ovs-ofctl', '-O', 'OpenFlow13', 'del-meters', 'br0');
  await untilRates('worker1', 10_000);
  await lab.untilSource(far, red);
  expect((await lab.command('kill', 'agent', 'worker1')).status).toBe(0);
  await lab.node('worker1', 'ovs-ofctl', '-O', 'OpenFlow13', 'del-meters', 'br0');
  await lab.node('worker1', 'ovs-ofctl', '-O', 'OpenFlow13', 'add-meter', 'br0', 'meter=5,kbps,band=type=drop,rate=5');
  expect((await lab.command('start', 'agent', 'worker1')).status).toBe(0);
  await untilRates('worker1', 10_000);
  for (const pod of [near, far]) await lab.untilSource(pod, red);
});

test('another limit holds at once, one that cannot be read or is gone limits nothing, and status says which holds', async () => {
  await limit('4M');
  await untilRates('worker1', 4_000);
  expect(await mbits(near, far)).toBeLessThan(6);
  const status = await lab.sdnCompat('status');
  expect(status.stdout).toMatch(/^red +4M$/m);
  await limit('much');
  await untilRates('worker1');
  await lab.event('InvalidEgressRule', 'NetNamespace/red');
  await limit('4M');
  await untilRates('worker1', 4_000);
  await limit(null);
  await untilRates('worker1');
  expect(await mbits(near)).toBeGreaterThan(25);
  expect(await lab.source(near, 5)).toBe(red);
});
