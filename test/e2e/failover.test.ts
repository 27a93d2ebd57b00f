/** What happens to the traffic of a namespace when a node dies, slows down, loses the API server, or gives an IP up. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rounds } from '../rounds.ts';
import { TestLab, until } from './lab.ts';
import { Client, sleep } from './outage.ts';
import { echoServer, script } from './packets.ts';

const one = '192.168.7.201';
const two = '192.168.7.202';

async function labWithTwoIPs(...options: string[]): Promise<TestLab> {
  const lab = await TestLab.up(...options.flatMap((option) => ['--agent-option', option]));
  await lab.namespace('red');
  await lab.pods(['red/w0', 'worker0']);
  await lab.patch('hostsubnet', 'worker1', { egressIPs: [one] });
  await lab.patch('hostsubnet', 'worker2', { egressIPs: [two] });
  await lab.patch('netnamespace', 'red', { egressIPs: [one, two] });
  await until('an egress IP is used', async () => [one, two].includes(await lab.source('red/w0')));
  return lab;
}

const settle = 8_000;

describe.each([
  ['with defaults', [], 4_000],
  ['with a probe interval of 250 ms', ['probe-interval=250ms'], 1_500],
  ['using the first available', ['probe-interval=250ms', 'first-available=true'], 1_500],
] as const)('a dead node, %s', (_name, options, most) => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await labWithTwoIPs(...options.map((option) => option.replace('=true', '')));
  });
  afterAll(() => lab.down());

  test(`new connections fail for at most ${most} ms, and its return interrupts nothing`, async () => {
    const client = await Client.start(lab, 'red/w0');
    try {
      await until('it sends', () => client.attempts.length > 20);
      for (let round = 0; round < Math.max(1, rounds(10)); round += 1) {
        const pulled = Date.now();
        await lab.command('fail', 'worker1', '--mode', 'link');
        await sleep(settle);
        expect(client.lastFailure(pulled, Date.now() - 1_100)).toBeLessThanOrEqual(most);
        expect(new Set(client.between(pulled + most + 100, Date.now() - 1_100).map(({ source }) => source))).toEqual(
          new Set([two]),
        );
        const healed = Date.now();
        await lab.command('heal', 'worker1');
        await until(
          'worker1 is used again',
          () => client.between(healed, Date.now()).some(({ source }) => source === one),
          20,
        );
        await sleep(1_500);
        expect(client.lastFailure(healed, Date.now() - 1_100)).toBe(0);
      }
      expect(client.attempts.filter(({ source }) => !['', one, two].includes(source))).toEqual([]);
    } finally {
      client.stop();
    }
  }, 600_000);

  if (!options.some((option) => option.startsWith('first-available'))) return;

  test('a kept connection of a pod on the hosting node goes on when an earlier IP of the list comes back', async () => {
    await lab.pods(['red/w2', 'worker2']);
    await lab.patch('hostsubnet', 'worker1', { egressIPs: null });
    await lab.untilSource('red/w2', two);
    const endServer = echoServer(lab);
    await sleep(500);
    const kept = script(
      await lab.podNamespace('red/w2'),
      `
      const n = { tcp: 0, udp: 0 };
      const s = require('net').connect(20000, '10.1.8.72'), u = require('dgram').createSocket('udp4');
      s.on('error', () => {}).on('data', () => { n.tcp += 1; });
      u.on('message', () => { n.udp += 1; });
      setInterval(() => { s.write('x'); u.send('x', 20000, '10.1.8.72', () => {}); }, 50);
      setInterval(() => { console.log(JSON.stringify(n)); n.tcp = 0; n.udp = 0; }, 1000);
    `,
    );
    const seconds: { readonly tcp: number; readonly udp: number }[] = [];
    kept.stdout!.on('data', (chunk: Buffer) =>
      seconds.push(JSON.parse(chunk.toString()) as { tcp: number; udp: number }),
    );
    try {
      await until('both are answered', () => seconds.some(({ tcp, udp }) => tcp > 10 && udp > 10));
      await lab.patch('hostsubnet', 'worker1', { egressIPs: [one] });
      await lab.untilSource('red/w2', one);
      const before = seconds.length;
      await until('two more seconds have passed', () => seconds.length >= before + 3);
      const last = seconds.at(-1)!;
      expect(Math.min(last.tcp, last.udp)).toBeGreaterThan(10);
    } finally {
      kept.kill('SIGKILL');
      endServer();
    }
  });
});

describe('partitions and moves', () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await labWithTwoIPs();
  });
  afterAll(() => lab.down());

  /** Nothing may fail while something is broken for some seconds. */
  async function undisturbed(
    damage: () => Promise<unknown>,
    fix: () => Promise<unknown>,
    seconds: number,
    share = 0,
  ): Promise<void> {
    const client = await Client.start(lab, 'red/w0');
    try {
      await until('it sends', () => client.attempts.length > 20);
      const from = Date.now();
      await damage();
      await sleep(seconds * 1_000);
      const attempts = client.between(from, Date.now() - 1_100);
      expect(attempts.length).toBeGreaterThan(seconds * 8);
      expect(attempts.filter(({ source }) => source === '').length).toBeLessThanOrEqual(attempts.length * share);
      expect(attempts.filter(({ source }) => !['', one, two].includes(source))).toEqual([]);
      expect(new Set(attempts.map(({ source }) => source).filter(Boolean)).size).toBe(2);
    } finally {
      client.stop();
      await fix();
    }
  }

  test('a node that loses only the API server keeps forwarding as it was', () =>
    undisturbed(
      () => lab.command('fail', 'worker1', '--mode', 'api'),
      () => lab.command('heal', 'worker1'),
      6,
    ));

  test('a dead API server and a dead controller change nothing', () =>
    undisturbed(
      async () => {
        await lab.command('kill', 'controller');
        await lab.command('kill', 'apiserver');
      },
      async () => {
        await lab.command('start', 'apiserver');
        await lab.command('start', 'controller');
      },
      6,
    ));

  test('agents that end one after another, each away for seconds, as when they are upgraded: nothing is lost', async () => {
    const isThere = (pid: number) => existsSync(`/proc/${pid}`);
    const ready = (worker: string, status: string) =>
      lab.must(['wait', `--for=condition=Ready=${status}`, '--timeout=20s', `node/${worker}.ocp4.rober.lab`]);
    await undisturbed(
      async () => {
        for (const worker of ['worker1', 'worker0', 'worker2']) {
          const pid = lab.pid(`node-${worker}`);
          process.kill(pid, 'SIGTERM');
          await until(`the agent of ${worker} has ended`, () => !isThere(pid));
          await ready(worker, 'False');
          await sleep(2_000);
          await lab.command('start', 'agent', worker);
          await ready(worker, 'True');
        }
      },
      () => Promise.resolve(),
      3,
    );
    for (const worker of ['worker0', 'worker1', 'worker2'])
      expect(lab.log(`node-${worker}`)).not.toContain('node is offline');
  });

  test('a slow node is not declared dead', async () => {
    // A fifth of what it sends is lost, so some connections take longer than a second; its IP stays in use.
    await undisturbed(
      () => lab.command('fail', 'worker1', '--mode', 'slow'),
      () => lab.command('heal', 'worker1'),
      10,
      0.5,
    );
    expect(lab.log('node-worker0')).not.toContain('node is offline');
  });

  test('an IP that an admin moves between live nodes: at most a second, never another address, the router knows', async () => {
    await lab.patch('netnamespace', 'red', { egressIPs: [one] });
    await lab.untilSource('red/w0', one);
    const client = await Client.start(lab, 'red/w0');
    try {
      await until('it sends', () => client.attempts.length > 20);
      for (const [from, to, mac] of [
        ['worker1', 'worker0', '0b'],
        ['worker0', 'worker1', '0c'],
      ] as const) {
        const began = Date.now();
        await lab.patch('hostsubnet', from, { egressIPs: null });
        await lab.patch('hostsubnet', to, { egressIPs: [one] });
        await sleep(4_000);
        const failed = client.between(began, Date.now() - 1_100).filter(({ source }) => source === '');
        const times = failed.map(({ at }) => at);
        expect(times.length === 0 ? 0 : Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1_000);
        expect((await lab.inside('router', 'ip', 'neigh', 'show', one)).stdout).toContain(`52:54:00:a8:07:${mac}`);
      }
      expect(new Set(client.attempts.map(({ source }) => source).filter(Boolean))).toEqual(new Set([one]));
    } finally {
      client.stop();
      await lab.patch('netnamespace', 'red', { egressIPs: [one, two] });
    }
  });

  test('a node cut from the underlay but not from the API: others drop it, and it gives up what is moved away', async () => {
    const has = async (worker: string) =>
      (await lab.node(worker, 'ip', '-4', '-o', 'addr', 'show', 'br-ex')).stdout.includes(`${one}/24`);
    await lab.untilSource('red/w0', one);
    await lab.command('fail', 'worker1', '--mode', 'link');
    try {
      await until('only the other is used', async () => {
        const sources = await Promise.all(Array.from({ length: 6 }, () => lab.source('red/w0', 1)));
        return sources.every((source) => source === two);
      });
      await lab.patch('hostsubnet', 'worker1', { egressIPs: null });
      await lab.patch('hostsubnet', 'worker0', { egressIPs: [one] });
      await lab.untilSource('red/w0', one);
      await until('the cut node has given it up', async () => !(await has('worker1')));
    } finally {
      await lab.command('heal', 'worker1');
    }
    expect(await has('worker1')).toBe(false);
    await lab.patch('hostsubnet', 'worker0', { egressIPs: null });
    await lab.patch('hostsubnet', 'worker1', { egressIPs: [one] });
    await until('it is back', () => has('worker1'));
  });

  test('two nodes do not both answer ARP for an IP once the old one has the API server back', async () => {
    const mac = '52:54:00:a8:07:0c';
    await until('worker1 has it', async () => (await lab.node('worker1', 'ip', 'addr')).stdout.includes(`${one}/24`));
    await lab.pipe(
      'net',
      `table bridge capture { chain look { type filter hook forward priority 0; ether saddr ${mac} arp operation reply arp saddr ip ${one} counter; }; }\n`,
    );
    const answers = async () =>
      Number(
        /counter packets (\d+)/.exec((await lab.inside('net', 'nft', 'list', 'table', 'bridge', 'capture')).stdout)![1],
      );
    const asking = spawn('ip', [
      'netns',
      'exec',
      `sdnc.${lab.name}.router`,
      'sh',
      '-c',
      `for i in $(seq 600); do arping -q -c 1 -w 1 -I lan0 ${one} & sleep 0.1; done`,
    ]);
    await until('worker1 answers', async () => (await answers()) > 0);
    await lab.command('fail', 'worker1', '--mode', 'api');
    await lab.patch('hostsubnet', 'worker1', { egressIPs: null });
    await lab.patch('hostsubnet', 'worker0', { egressIPs: [one] });
    await until('worker0 has it', async () => (await lab.node('worker0', 'ip', 'addr')).stdout.includes(`${one}/24`));
    const cut = await answers();
    await until('worker1, which cannot know, still answers', async () => (await answers()) > cut);
    await lab.event('EgressIPAnsweredElsewhere', 'hostsubnet/worker0.ocp4.rober.lab');
    expect(lab.log('node-worker0')).toContain(`egress IP ${one} is on this node, and ${mac} answers for it, too`);
    await lab.command('heal', 'worker1');
    await until(
      'worker1 does not have it',
      async () => !(await lab.node('worker1', 'ip', 'addr')).stdout.includes(`${one}/24`),
      10,
    );
    await sleep(1_000);
    const then = await answers();
    await sleep(3_000);
    expect(asking.exitCode).toBeNull();
    expect(await answers()).toBe(then);
    asking.kill();
  });
});
