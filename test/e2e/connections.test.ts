/**
 * Which connections end when owners change. Agents end what a change touches; a new agent judges the whole table, so it
 * must find nothing that they have missed, in whatever order the changes came.
 */
import { generator } from '../random.ts';
import { rounds } from '../rounds.ts';
import { TestLab, until } from './lab.ts';

const workers = ['worker0', 'worker1'] as const;
const pods = ['red/w0', 'red/w1', 'blue/w0', 'blue/w1'] as const;
const ips = ['192.168.7.201', '192.168.7.202', '192.168.7.203'] as const;
const ended = 'connections ended whose packets may not leave as they did';
let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.up();
  await Promise.all(['red', 'blue'].map((name) => lab.namespace(name)));
  await lab.pods(...pods.map((pod) => [pod, pod.endsWith('w0') ? 'worker0' : 'worker1'] as const));
});
afterAll(() => lab.down());

/** Opens a few UDP connections of each pod to the outside, which then stay idle. */
async function open(port: number): Promise<void> {
  await Promise.all(
    pods.map((pod) =>
      lab.exec(
        pod,
        'sh',
        '-c',
        `for p in 1 2 3; do echo x | socat -u STDIN UDP4-SENDTO:10.1.8.72:$((${port} + p)); done`,
      ),
    ),
  );
}

async function change(random: (limit: number) => number): Promise<void> {
  const some = ips.filter(() => random(2) === 0);
  if (random(2) === 0) await lab.patch('netnamespace', ['red', 'blue'][random(2)]!, { egressIPs: some });
  else await lab.patch('hostsubnet', workers[random(2)]!, { egressIPs: some });
}

/** What the agent of a worker that is started now has to end. */
async function endedByNew(worker: string): Promise<string[]> {
  await lab.command('kill', 'agent', worker);
  const before = lab.log(`node-${worker}`).length;
  await lab.command('start', 'agent', worker);
  const said = (): string => lab.log(`node-${worker}`).slice(before);
  await until('the new agent is ready', () => said().includes('the node is as the cluster says'));
  await new Promise((resolve) => setTimeout(resolve, 700));
  return said()
    .split('\n')
    .filter((line) => line.includes(ended));
}

test.each(Array.from({ length: rounds(40) }, (_, seed) => seed + 1))(
  'whatever changes, a new agent finds no connection that should have ended (seed %i)',
  async (seed) => {
    const random = generator(seed * 7_919);
    for (let index = 0; index < 8; index += 1) {
      await change(random);
      if (random(2) === 0) await open(20_000 + seed * 100 + index * 10);
      await new Promise((resolve) => setTimeout(resolve, random(300)));
    }
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    for (const worker of workers) expect(await endedByNew(worker)).toEqual([]);
  },
);

test('the agents have ended connections meanwhile', () => {
  expect(workers.some((worker) => lab.log(`node-${worker}`).includes(ended))).toBe(true);
});
