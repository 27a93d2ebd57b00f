/** Egress IPs that move while their connections talk: with the annotation, none of them is cut. */
import { Talk, talkingServer } from './drain.ts';
import { must, TestLab, until } from './lab.ts';

const egressIP = '192.168.7.201';
const elsewhere = '192.168.7.209';
const workers = ['worker0', 'worker1', 'worker2'] as const;
type Worker = (typeof workers)[number];
const pods = ['red/w0', 'red/w1', 'red/w2'] as const;
const home: Readonly<Record<(typeof pods)[number], Worker>> = {
  'red/w0': 'worker0',
  'red/w1': 'worker1',
  'red/w2': 'worker2',
};
let lab: TestLab;
let endServer: () => void;
const talks: Talk[] = [];

const hosts = (worker: Worker, ...egressIPs: string[]): Promise<string> =>
  lab.patch('hostsubnet', worker, { egressIPs });

function annotate(drain: string | null): Promise<string> {
  return lab.patch('netnamespace', 'red', { metadata: { annotations: { 'egress.sdn-compat.io/drain': drain } } });
}

/** How a move is written. */
const orders = {
  'takes it away first': async (from: Worker, to: Worker) => {
    await hosts(from);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await hosts(to, egressIP);
  },
  'gives it first': async (from: Worker, to: Worker) => {
    await hosts(to, egressIP);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await hosts(from);
  },
  'does both at once': async (from: Worker, to: Worker) => {
    await Promise.all([hosts(from), hosts(to, egressIP)]);
  },
} as const;

/** Has the router note whose frames bring which source port with the egress IP, and any other source to that port. */
async function watchRouter(): Promise<void> {
  await lab.pipe(
    'router',
    `table ip ways {}
    delete table ip ways
    table ip ways {
      set seen { type ether_addr . inet_service; flags dynamic; size 65535; }
      counter wrong {}
      chain c {
        type filter hook prerouting priority -500;
        ip daddr 10.1.8.72 th dport 20100 ip saddr ${egressIP} add @seen { ether saddr . th sport }
        ip daddr 10.1.8.72 th dport 20100 ip saddr != ${egressIP} counter name wrong
      }
    }`,
  );
}

async function atRouter(...list: string[]): Promise<string> {
  return must('ip', ['netns', 'exec', `sdnc.${lab.name}.router`, 'nft', 'list', ...list]);
}

/** The nodes by which packets with the talk's source port came since the router was asked to watch. */
async function waysOf(talk: Talk): Promise<readonly Worker[]> {
  const listed = await atRouter('set', 'ip', 'ways', 'seen');
  const port = talk.seen()[0]?.split(' ')[1] ?? '';
  const found: Worker[] = [];
  for (const [index, worker] of workers.entries())
    if (new RegExp(`52:54:00:a8:07:0${'bcd'[index]!} \\. ${port}\\b`).test(listed)) found.push(worker);
  return found;
}

async function wrongAtRouter(): Promise<number> {
  return Number(/packets (\d+)/.exec(await atRouter('counter', 'ip', 'ways', 'wrong'))?.[1]);
}

/** The entries of the node's conntrack with the egress IP towards the talking server. */
async function tracked(worker: Worker): Promise<readonly string[]> {
  const { stdout } = await lab.node(worker, 'conntrack', '-L', '-f', 'ipv4', '-q', egressIP);
  return stdout.split('\n').filter((line) => line.includes('dport=20100'));
}

async function open(label: string): Promise<readonly Talk[]> {
  const opened = pods.flatMap((pod) =>
    (['tcp', 'udp'] as const).map((protocol) => new Talk(lab, pod, protocol, label)),
  );
  talks.push(...opened);
  await Promise.all(opened.map((talk) => talk.goesOn(5)));
  return opened;
}

function endAll(): void {
  for (const talk of talks.splice(0)) talk.end();
}

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '3');
  await lab.namespace('red');
  await lab.namespace('blue');
  await lab.pods(['blue/w2', 'worker2']);
  await lab.pods(...pods.map((pod) => [pod, home[pod]] as const));
  endServer = talkingServer(lab);
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
});
beforeEach(async () => {
  endAll();
  await annotate(null);
  await lab.patch('netnamespace', 'blue', { egressIPs: [] });
  await lab.patch('netnamespace', 'red', { egressIPs: [egressIP] });
  await Promise.all(workers.map((worker) => hosts(worker)));
  await annotate('10m');
  await hosts('worker0', egressIP);
  await Promise.all(pods.map((pod) => lab.untilSource(pod, egressIP)));
});
afterAll(async () => {
  endAll();
  endServer();
  await lab.down();
});

/** Whether all of them go on as they began: with their own source, by these nodes alone. */
async function goOn(all: readonly Talk[], worker: Worker): Promise<void> {
  await watchRouter();
  await Promise.all(all.map((talk) => talk.goesOn()));
  for (const talk of all) {
    expect([talk.name, talk.isClosed]).toEqual([talk.name, false]);
    expect([talk.name, talk.seen().length, await waysOf(talk)]).toEqual([talk.name, 1, [worker]]);
    expect(talk.seen()[0]?.split(' ')[0]).toBe(egressIP);
  }
  expect(await wrongAtRouter()).toBe(0);
}

const moved = (): Promise<unknown> => Promise.all(pods.map((pod) => lab.untilSource(pod, egressIP)));
const ended = (worker: Worker): Promise<unknown> =>
  until(`${worker} ends its connections`, async () => (await tracked(worker)).length === 0);

test.each(Object.keys(orders) as (keyof typeof orders)[])('a move that %s cuts nothing', async (order) => {
  const before = await open('before');
  await watchRouter();
  await orders[order]('worker0', 'worker1');
  await moved();
  expect(await wrongAtRouter()).toBe(0);
  const after = await open('after');
  await goOn(before, 'worker0');
  await goOn(after, 'worker1');
  expect((await tracked('worker0')).length).toBe(before.length);
  expect((await tracked('worker1')).length).toBe(after.length);
});

test('agents that start again go on with it', async () => {
  const before = await open('before');
  await orders['does both at once']('worker0', 'worker1');
  await moved();
  const after = await open('after');
  for (const worker of workers) {
    await lab.command('kill', 'agent', worker);
    await lab.command('start', 'agent', worker);
  }
  for (const worker of workers)
    await until(`the agent of ${worker} is ready`, () =>
      lab.log(`node-${worker}`).split('\n').slice(-20).join().includes('the node is as the cluster says'),
    );
  await goOn(before, 'worker0');
  await goOn(after, 'worker1');
});

test('a move back leaves all where they are', async () => {
  const before = await open('before');
  await orders['takes it away first']('worker0', 'worker1');
  await moved();
  const between = await open('between');
  await orders['gives it first']('worker1', 'worker0');
  await moved();
  const after = await open('after');
  await goOn(before, 'worker0');
  await goOn(between, 'worker1');
  await goOn(after, 'worker0');
});

test('a second move ends the first drain, and keeps what the second node has', async () => {
  await open('before');
  await orders['does both at once']('worker0', 'worker1');
  await moved();
  const between = await open('between');
  await orders['does both at once']('worker1', 'worker2');
  await moved();
  await ended('worker0');
  const after = await open('after');
  await goOn(between, 'worker1');
  await goOn(after, 'worker2');
});

test.each([
  ['its time is over', () => annotate('1s')],
  ['the annotation goes', () => annotate(null)],
  ['the namespace requests it no more', () => lab.patch('netnamespace', 'red', { egressIPs: [elsewhere] })],
] as const)('it ends when %s', async (_, change) => {
  await open('before');
  await orders['does both at once']('worker0', 'worker1');
  await moved();
  await watchRouter();
  await change();
  await ended('worker0');
  expect(await wrongAtRouter()).toBe(0);
  await until('no table of a drain is left', async () => {
    const all = await Promise.all(workers.map((worker) => lab.node(worker, 'nft', 'list', 'tables')));
    return all.every(({ stdout }) => !stdout.includes('sdn_compat_drain'));
  });
});

test('what another namespace gets carries nothing of the first', async () => {
  const before = await open('before');
  await orders['does both at once']('worker0', 'worker1');
  await moved();
  await lab.patch('netnamespace', 'red', { egressIPs: [elsewhere] });
  await lab.patch('netnamespace', 'blue', { egressIPs: [egressIP] });
  await lab.untilSource('blue/w2', egressIP);
  await ended('worker0');
  await until('red is silent', async () => (await lab.source('red/w2')) === '');
  const lines = before.map((talk) => talk.lines().length);
  const other = new Talk(lab, 'blue/w2', 'tcp', 'other');
  talks.push(other);
  await other.goesOn();
  expect(before.map((talk) => talk.lines().filter((line) => !line.startsWith('closed')).length)).toEqual(
    before.map((talk, index) =>
      Math.min(lines[index] ?? 0, talk.lines().filter((line) => !line.startsWith('closed')).length),
    ),
  );
});

test('a node that is cordoned hands its egress IPs on, and cuts nothing', async () => {
  const node = 'worker0.ocp4.rober.lab';
  const allow = (...egressCIDRs: string[]): Promise<unknown> =>
    Promise.all((['worker0', 'worker1'] as const).map((worker) => lab.patch('hostsubnet', worker, { egressCIDRs })));
  const there = ['get', 'hostsubnet', 'worker1.ocp4.rober.lab', '-o', 'jsonpath={.egressIPs[*]}'];
  await allow('192.168.7.200/29');
  const before = await open('before');
  try {
    await lab.must(['cordon', node]);
    await until('it is on the other', async () => (await lab.must(there)) === egressIP);
    await moved();
    await until('status shows it', async () => {
      const { stdout } = await lab.sdnCompat('status');
      return new RegExp(`^${egressIP} +red +${node} +worker1\\S+ +20\\S+Z$`, 'm').test(stdout);
    });
    const { stdout: traced } = await lab.sdnCompat('trace', 'red/w2', '10.1.8.72:20100');
    expect(traced).toMatch(new RegExp(`^Connections that have ${egressIP} .* go on by ${node}, until 20`, 'm'));
    const metrics = await lab.node('worker0', 'curl', '-s', 'http://127.0.0.1:9107/metrics');
    expect(metrics.stdout).toMatch(/^sdn_compat_agent_egressips_draining 1$/m);
    const after = await open('after');
    await goOn(before, 'worker0');
    await goOn(after, 'worker1');
  } finally {
    await lab.must(['uncordon', node]);
    await allow();
  }
});

test('a node that dies while it drains is given up', async () => {
  await open('before');
  await orders['does both at once']('worker0', 'worker1');
  await moved();
  await lab.command('fail', 'worker0');
  try {
    await until('no node hands packets to it', async () => {
      const { stdout } = await lab.node('worker1', 'nft', 'list', 'tables');
      return !stdout.includes('sdn_compat_drain');
    });
    await Promise.all(['red/w1', 'red/w2'].map((pod) => lab.untilSource(pod, egressIP)));
  } finally {
    await lab.command('heal', 'worker0');
  }
});

test('two nodes that each take the other for the old one hand no packet back and forth', async () => {
  await orders['does both at once']('worker0', 'worker1');
  await moved();
  await lab.command('kill', 'agent', 'worker1');
  try {
    await Promise.all([hosts('worker1'), hosts('worker0', egressIP)]);
    await until('worker0 hands packets to worker1', async () => {
      const { stdout } = await lab.node('worker0', 'nft', 'list', 'ruleset');
      return stdout.includes('dup to 192.168.7.12');
    });
    await lab.pipe(
      'worker0',
      `table ip strays { counter seen {}
        chain c { type filter hook prerouting priority -500; ip daddr ${egressIP} udp dport 9 counter name seen; }
      }`,
    );
    const seen = async (): Promise<number> => {
      const { stdout } = await lab.node('worker0', 'nft', 'list', 'counter', 'ip', 'strays', 'seen');
      return Number(/packets (\d+)/.exec(stdout)?.[1]);
    };
    const send = `echo stray > /dev/udp/${egressIP}/9`;
    await must('ip', ['netns', 'exec', `sdnc.${lab.name}.router`, 'bash', '-c', send]);
    await until('it came', async () => (await seen()) > 0);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await seen()).toBeLessThan(10);
  } finally {
    await lab.node('worker0', 'nft', 'delete', 'table', 'ip', 'strays');
    await lab.command('start', 'agent', 'worker1');
  }
});
