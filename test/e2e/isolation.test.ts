/** The modes multitenant and subnet by packets: who reaches whom, and how soon another netid or mode takes effect. */
import { namespaceOf, TestLab, until } from './lab.ts';
import { Prober } from './prober.ts';

const pods = ['a/p0', 'a/p1', 'b/p0', 'b/p1', 'c/p0', 'default/p0'] as const;
type Key = (typeof pods)[number];
const workerOf = (key: Key): string => `worker${(key.startsWith('b') ? 1 : 0) ^ Number(key.at(-1))}`;
/** Longest time in ms from a change of an object to its effect; it takes about 100 ms. */
const atOnce = 2_000;

let lab: TestLab;
const probers = new Map<Key, Prober>();
const addresses = new Map<Key, string>();

async function mode(name: string): Promise<void> {
  await lab.must([
    'patch',
    'clusternetwork',
    'default',
    '--type=merge',
    '-p',
    JSON.stringify({ pluginName: `redhat/openshift-ovs-${name}` }),
  ]);
}

function setNetid(namespace: string, netid: number): Promise<string> {
  return lab.patch('netnamespace', namespace, { netid });
}

function netidOf(namespace: string): Promise<number> {
  return lab.must(['get', 'netnamespace', namespace, '-o', 'jsonpath={.netid}']).then(Number);
}

/**
 * Pairs of namespaces, `a>b`, whose pods reach one another: by TCP and by UDP, every pod of one every pod of the other.
 */
async function reachable(): Promise<string> {
  const found = new Map<string, boolean>();
  await Promise.all(
    pods.map(async (from) => {
      const targets = pods
        .filter((to) => to !== from)
        .flatMap((to) =>
          (['tcp', 'udp'] as const).map((protocol) => ({ to, protocol, ip: addresses.get(to)!, port: 80 })),
        );
      const reached = await probers.get(from)!.reaches(targets, 300);
      targets.forEach(({ to, protocol }, index) => {
        const pair = `${from.split('/')[0]!}>${to.split('/')[0]!}`;
        const before = found.get(pair) ?? reached[index]!;
        if (before !== reached[index]) found.set(`${pair} of ${from} to ${to} by ${protocol} differs`, true);
        found.set(pair, before);
      });
    }),
  );
  return [...found]
    .filter(([, is]) => is)
    .map(([pair]) => pair)
    .sort()
    .join(' ');
}

/** Waits until exactly these pairs of namespaces reach one another. */
async function expectReachable(pairs: readonly string[], seconds = 10): Promise<void> {
  const wanted = [...pairs, 'a>a', 'b>b', ...['a', 'b', 'c'].flatMap((one) => [`${one}>default`, `default>${one}`])]
    .sort()
    .join(' ');
  let last = '';
  await until(wanted, async () => (last = await reachable()) === wanted, seconds).catch(() =>
    expect(last).toBe(wanted),
  );
}

/** Milliseconds from `act` until `from` reaches `to`, or reaches it no more. */
async function effect(act: () => Promise<unknown>, from: Key, to: Key, isReached: boolean): Promise<number> {
  await act();
  const began = performance.now();
  await until(
    `${from} ${isReached ? 'reaches' : 'does not reach'} ${to}`,
    async () => (await probers.get(from)!.reach('udp', addresses.get(to)!, 80, 100)) === isReached,
  );
  return performance.now() - began;
}

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2');
  await mode('multitenant');
  await Promise.all(['a', 'b', 'c'].map((name) => lab.namespace(name)));
  await lab.pods(...pods.map((key) => [key, workerOf(key)] as const));
  for (const key of pods) {
    const [namespace, name] = key.split('/');
    addresses.set(key, await lab.must(['get', 'pod', '-n', namespace!, name!, '-o', 'jsonpath={.status.podIP}']));
    probers.set(key, await Prober.start(namespaceOf(lab, key), [80]));
  }
});

afterAll(async () => {
  for (const prober of probers.values()) prober.stop();
  await lab.down();
});

test('multitenant: a namespace reaches itself and the global one, on any node', async () => {
  await expectReachable([]);
});

test('multitenant: an equal netid joins two namespaces at once, and another one parts them', async () => {
  const own = await netidOf('b');
  expect(await effect(async () => setNetid('b', await netidOf('a')), 'a/p0', 'b/p0', true)).toBeLessThan(atOnce);
  await expectReachable(['a>b', 'b>a']);
  expect(await effect(() => setNetid('b', own), 'a/p0', 'b/p0', false)).toBeLessThan(atOnce);
  await expectReachable([]);
});

test('multitenant: netid 0 makes a namespace global at once', async () => {
  const own = await netidOf('c');
  expect(await effect(() => setNetid('c', 0), 'b/p0', 'c/p0', true)).toBeLessThan(atOnce);
  await expectReachable(['a>c', 'c>a', 'b>c', 'c>b']);
  expect(await effect(() => setNetid('c', own), 'b/p0', 'c/p0', false)).toBeLessThan(atOnce);
  await expectReachable([]);
});

test('subnet: everybody reaches everybody, and egress IPs work; back in multitenant they are apart again', async () => {
  const everybody = ['a', 'b', 'c'].flatMap((from) =>
    ['a', 'b', 'c'].filter((to) => to !== from).map((to) => `${from}>${to}`),
  );
  expect(await effect(() => mode('subnet'), 'a/p0', 'b/p0', true)).toBeLessThan(atOnce);
  await expectReachable(everybody);
  await lab.patch('hostsubnet', 'worker1', { egressIPs: ['192.168.7.201'] });
  await lab.patch('netnamespace', 'a', { egressIPs: ['192.168.7.201'] });
  await lab.untilSource('a/p0', '192.168.7.201');
  await lab.untilSource('a/p1', '192.168.7.201');
  expect(await lab.source('b/p1', 2)).toBe('192.168.7.11');
  await lab.patch('netnamespace', 'a', { egressIPs: null });
  expect(await effect(() => mode('multitenant'), 'a/p0', 'b/p0', false)).toBeLessThan(atOnce);
  await expectReachable([]);
});

test('networkpolicy without policies: everybody reaches everybody', async () => {
  const everybody = ['a', 'b', 'c'].flatMap((from) =>
    ['a', 'b', 'c'].filter((to) => to !== from).map((to) => `${from}>${to}`),
  );
  expect(await effect(() => mode('networkpolicy'), 'a/p0', 'b/p0', true)).toBeLessThan(atOnce);
  await expectReachable(everybody);
});
