/** Several egress IPs of one namespace: each connection keeps its own, whatever becomes of the others. */
import { Talk, talkingServer } from './drain.ts';
import { TestLab, until } from './lab.ts';

const [first, second, third] = ['192.168.7.201', '192.168.7.202', '192.168.7.203'] as const;
const hosting = ['master0', 'worker0', 'worker1'] as const;
const pod = 'red/w2';
let lab: TestLab;
let endServer: () => void;
const talks: Talk[] = [];

const hosts = (node: string, ...egressIPs: string[]): Promise<string> => lab.patch('hostsubnet', node, { egressIPs });

function annotate(drain: string | null): Promise<string> {
  return lab.patch('netnamespace', 'red', { metadata: { annotations: { 'egress.sdn-compat.io/drain': drain } } });
}

const sourceOf = (talk: Talk): string => talk.seen()[0]?.split(' ')[0] ?? '';

/** Opens connections until each of these egress IPs has three by TCP; where those by UDP leave, Open vSwitch chooses by address. */
async function open(...egressIPs: string[]): Promise<readonly Talk[]> {
  const opened: Talk[] = [];
  const byTcp = (ip: string): number =>
    opened.filter((talk) => talk.name.includes(' tcp ') && sourceOf(talk) === ip).length;
  for (let round = 0; !egressIPs.every((ip) => byTcp(ip) >= 3); round += 1) {
    if (round === 10) throw new Error(`not spread: ${opened.map(sourceOf).join(', ')}`);
    const more = (['tcp', 'tcp', 'tcp', 'udp'] as const).map((one, n) => new Talk(lab, pod, one, `${round}.${n}`));
    talks.push(...more);
    opened.push(...more);
    await Promise.all(more.map((talk) => talk.goesOn(5)));
  }
  return opened;
}

async function goOn(all: readonly Talk[]): Promise<void> {
  await Promise.all(all.map((talk) => talk.goesOn()));
  for (const talk of all) expect([talk.name, talk.seen().length, talk.isClosed]).toEqual([talk.name, 1, false]);
}

/** Waits until new connections leave with exactly these. */
async function spreadOver(...egressIPs: string[]): Promise<void> {
  const seen = new Set<string>();
  await until(`new connections leave with ${egressIPs.join(', ')}`, async () => {
    const source = await lab.source(pod);
    if (!egressIPs.includes(source)) seen.clear();
    else seen.add(source);
    return seen.size === egressIPs.length;
  });
}

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '3');
  await lab.namespace('red');
  await lab.pods([pod, 'worker2']);
  endServer = talkingServer(lab);
});
beforeEach(async () => {
  for (const talk of talks.splice(0)) talk.end();
  await annotate(null);
  for (const node of hosting) await hosts(node);
});
afterAll(async () => {
  for (const talk of talks) talk.end();
  endServer();
  await lab.down();
});

test('while another one goes and comes back', async () => {
  await lab.patch('netnamespace', 'red', { egressIPs: [first, second, third] });
  await Promise.all([hosts('master0', first), hosts('worker0', second), hosts('worker1', third)]);
  await spreadOver(first, second, third);
  const all = await open(first, second, third);
  const others = all.filter((talk) => sourceOf(talk) !== first);
  await hosts('master0');
  await spreadOver(second, third);
  await goOn(others);
  await hosts('master0', first);
  await spreadOver(first, second, third);
  await goOn(others);
});

const exchanges = {
  'at once': () => Promise.all([hosts('worker0', second), hosts('worker1', first)]),
  'one after the other': async () => {
    await hosts('worker0', second);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await hosts('worker1', first);
  },
  'with none of them on any node in between': async () => {
    await Promise.all([hosts('worker0'), hosts('worker1')]);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await Promise.all([hosts('worker0', second), hosts('worker1', first)]);
  },
} as const;

test.each(Object.keys(exchanges) as (keyof typeof exchanges)[])(
  'while nodes exchange them and drain: %s',
  async (how) => {
    await lab.patch('netnamespace', 'red', { egressIPs: [first, second] });
    await annotate('10m');
    await Promise.all([hosts('worker0', first), hosts('worker1', second)]);
    await spreadOver(first, second);
    const before = await open(first, second);
    await exchanges[how]();
    await spreadOver(first, second);
    const after = await open(first, second);
    await goOn(before);
    await goOn(after);
  },
);
