/** How much a limited pod gets through: a file of its own, because nothing else may be at work meanwhile. */
import { namespaceOf, pace, run, TestLab, until } from './lab.ts';

const worker = 'worker0';
let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.up('--nodes', '1');
  await lab.namespace('red');
});
afterAll(() => lab.down());

test('bandwidth annotations hold: 10M each way is about 10 Mbit/s', async () => {
  const annotations = { 'kubernetes.io/ingress-bandwidth': '10M', 'kubernetes.io/egress-bandwidth': '10M' };
  const pod = (name: string, metadata: object): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'red', name, ...metadata },
      spec: { containers: [{ name: 'c', image: 'c' }] },
    });
  await lab.must(
    ['create', '-f', '-'],
    [pod('limited', { annotations }), pod('free', {}), pod('other', {})].join('\n'),
  );
  for (const name of ['limited', 'free', 'other'])
    await lab.must(['wait', '--for=condition=Ready', `--timeout=${Math.ceil(30 * pace)}s`, '-n', 'red', `pod/${name}`]);
  const sink = String.raw`
    const server = require('net').createServer((socket) => {
      let bytes = 0, from;
      socket.on('data', (chunk) => { from ??= performance.now(); bytes += chunk.length; });
      socket.on('close', () => { console.log(bytes * 8 / (performance.now() - from) / 1000); process.exit(0); }).on('error', () => {});
    }).listen(9000);
  `;
  // for 2.5 s, or 32 MiB, more than a limited pod gets through in that time
  const source = (ip: string): string =>
    `let left = 2048; const s = require('net').connect(9000, '${ip}'); const more = () => { while (left-- > 0 && s.write(Buffer.alloc(16384))); if (left > 0) s.once('drain', more); else s.end(); }; s.on('connect', more).on('close', () => process.exit(0)); setTimeout(() => { s.destroy(); process.exit(0); }, 2500);`;
  const rate = async (from: string, to: string): Promise<number> => {
    const ip = await lab.podIP(`red/${to}`);
    const receiving = run('ip', ['netns', 'exec', namespaceOf(lab, `red/${to}`), process.execPath, '-e', sink]);
    await until(
      'the sink listens',
      async () =>
        (await run('ip', ['netns', 'exec', namespaceOf(lab, `red/${to}`), 'ss', '-Hltn', 'sport', '=', ':9000']))
          .stdout !== '',
    );
    await run('ip', ['netns', 'exec', namespaceOf(lab, `red/${from}`), process.execPath, '-e', source(ip)]);
    return Number((await receiving).stdout);
  };
  const bothWays = async () => ({ into: await rate('free', 'limited'), outOf: await rate('limited', 'free') });
  const rates = { ...(await bothWays()), unlimited: await rate('free', 'other') };
  console.log(
    `Mbit/s: ${Object.entries(rates)
      .map(([name, mbits]) => `${name} ${mbits.toFixed(1)}`)
      .join(', ')}`,
  );
  await lab.node(
    worker,
    'ovs-vsctl',
    `--db=unix:/run/sdn-compat-lab/${lab.name}/ovs/${worker}/db.sock`,
    'del-br',
    'br0',
  );
  await until('the pods are back on a new bridge', async () => (await lab.source('red/free')) !== '');
  const again = await bothWays();
  console.log(`on a new bridge: into ${again.into.toFixed(1)}, out of ${again.outOf.toFixed(1)}`);
  for (const limited of [rates.into, rates.outOf, again.into, again.outOf]) {
    expect(limited).toBeGreaterThan(7);
    expect(limited).toBeLessThan(11);
  }
  expect(rates.unlimited).toBeGreaterThan(30);
  const limits = async (): Promise<string> =>
    (
      await lab.node(
        worker,
        'ovs-vsctl',
        `--db=unix:/run/sdn-compat-lab/${lab.name}/ovs/${worker}/db.sock`,
        'list',
        'QoS',
      )
    ).stdout;
  expect(await limits()).toContain('max-rate="10000000"');
  await lab.must(['delete', 'pod', '-n', 'red', 'limited']);
  await until('the limit went with its pod', async () => (await limits()) === '');
});
