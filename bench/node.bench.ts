/**
 * The agent of one node in a big cluster: a lab whose API server has 10,000 namespaces with egress IPs and 250 nodes,
 * and 250 real pods on the measured worker. The agents of the other workers are ended once their nodes are up, so that
 * their addresses cost nothing and the host works only for the measured one. Needs root.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { hostSubnets, namespaces, netNamespaces, nodes, pods } from '../api/kinds.ts';
import { inParallel } from '../src/io/async/parallel.ts';
import type { KubeClient } from '../src/io/kube/client.ts';
import { openKube } from '../src/io/kube/config.ts';
import { type ObjectCache, watchKind } from '../src/io/kube/watch.ts';
import { createLogger } from '../src/io/log.ts';
import type { HostSubnetObject, KubeObject, NetNamespaceObject, PodObject } from '../src/model/objects/raw.ts';
import { run, TestLab, until } from '../test/e2e/lab.ts';
import { sleep } from '../test/e2e/outage.ts';
import { address, table } from './clusters.ts';

const namespaceCount = 10_000;
const podCount = 250;
const otherNodes = 250;
const hostedHere = 20;
const changes = 60;
const logger = createLogger({ level: 'silent', name: 'bench' });
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const project = (index: number): string => `project-${index}`;
const full = (worker: string): string => `${worker}.ocp4.rober.lab`;

/** Those with a pod have two, on two nodes. */
function egressIPs(index: number): string[] {
  const first = index < hostedHere ? `192.168.7.${100 + index}` : address(index + 1);
  return index < podCount ? [first, address(100_000 + index)] : [first];
}

async function makeCluster(client: KubeClient, signal: AbortSignal): Promise<ObjectCache<NetNamespaceObject>> {
  const cache = watchKind<NetNamespaceObject>(client, netNamespaces, { logger }, signal);
  await cache.synced;
  await inParallel(numbers(namespaceCount), 16, async (index) => {
    await client.create<KubeObject>(namespaces, { metadata: { name: project(index) } });
  });
  await until('every namespace has a VNID', () => cache.list().length >= namespaceCount, 60);
  await inParallel(numbers(otherNodes), 16, async (index) => {
    const name = `far-${index}`;
    const host = {
      apiVersion: 'network.openshift.io/v1' as const,
      kind: 'HostSubnet' as const,
      metadata: { name },
      host: name,
      hostIP: `192.168.8.${index}`,
      subnet: `10.254.${index + 5}.0/24`,
    };
    await client.create<HostSubnetObject>(hostSubnets, host);
  });
  await inParallel(numbers(namespaceCount), 16, async (index) => {
    await client.patch(netNamespaces, { name: project(index) }, { egressIPs: egressIPs(index) }, { type: 'merge' });
  });
  return cache;
}

async function listIPs(client: KubeClient): Promise<void> {
  const all = numbers(namespaceCount).map(egressIPs);
  const firsts = all.map(([ip]) => ip!);
  const lists = {
    worker0: firsts.slice(0, hostedHere),
    worker1: firsts.slice(hostedHere),
    worker2: all.flatMap(([, ip]) => ip ?? []),
  };
  for (const [worker, listed] of Object.entries(lists))
    await client.patch(hostSubnets, { name: full(worker) }, { egressIPs: listed }, { type: 'merge' });
}

async function makePods(client: KubeClient): Promise<void> {
  await inParallel(numbers(podCount), 16, async (index) => {
    const spec = { nodeName: full('worker0'), containers: [{ name: 'c', image: 'c' }] };
    await client.create<PodObject>(pods, { metadata: { name: 'pod', namespace: project(index) }, spec });
  });
  const isReady = ({ status }: PodObject): boolean =>
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
  await until(
    'all pods are ready',
    async () => (await client.list<PodObject>(pods)).items.filter(isReady).length === podCount,
    180,
  );
}

interface LogLine {
  readonly msg: string;
  readonly sinceStart?: number;
}

const agentLog = (lab: TestLab): readonly LogLine[] =>
  readFileSync(`${lab.dir}/log/node-worker0.log`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine);
const first = (lab: TestLab): readonly LogLine[] =>
  agentLog(lab).filter(({ msg }) => msg === 'the node is as the cluster says');

/** Starts the agent of worker0; milliseconds from its start until the node is as the cluster says. */
async function start(lab: TestLab): Promise<number> {
  const before = first(lab).length;
  await lab.command('start', 'agent', 'worker0');
  await until('the agent has brought the node up to date', () => first(lab).length > before, 60);
  return first(lab).at(-1)!.sinceStart!;
}

/** All that the agent writes on the machine, as text: flows with their ages cut off are compared, and their ages are checked. */
async function written(lab: TestLab): Promise<string> {
  const of = async (...argv: string[]): Promise<string> => (await lab.node('worker0', ...argv)).stdout;
  const parts = [
    of('nft', '-a', 'list', 'table', 'ip', 'sdn_compat'),
    of('nft', '-a', 'list', 'table', 'ip', 'sdn_compat_guard'),
    of('ip', '-4', 'addr', 'show'),
    of('ip', 'rule', 'show'),
    of('ip', 'route', 'show', 'table', 'all'),
  ];
  return (await Promise.all(parts)).join('\n');
}

const ovs = (lab: TestLab, ...argv: string[]): Promise<{ readonly stdout: string }> =>
  run('ovs-ofctl', argv, { env: { OVS_RUNDIR: realpathSync(`/run/sdn-compat-lab/${lab.name}`) + '/ovs/worker0' } });

/** Age in seconds of the youngest flow. */
async function youngest(lab: TestLab): Promise<number> {
  const { stdout } = await ovs(lab, '-O', 'OpenFlow13', 'dump-flows', 'br0');
  return Math.min(...[...stdout.matchAll(/duration=([\d.]+)s/g)].map(([, age]) => Number(age)));
}

/** Puts connections to the outside into the worker's conntrack: so many, of a pod address, with an owner and a source. */
async function track(
  lab: TestLab,
  count: number,
  { from, mark, source }: { readonly from: string; readonly mark: number; readonly source: string },
): Promise<void> {
  const lines = numbers(count).map((index) => {
    const [to, port] = [`10.1.${index >> 8}.${index & 255}`, 1_024 + (index % 60_000)];
    return `-A -t 600 -u SEEN_REPLY,ASSURED -s ${from} -d ${to} -r ${to} -q ${source} -p udp --sport ${port} --dport 53 --reply-port-src 53 --reply-port-dst ${port} --mark ${mark}`;
  });
  // conntrack opens its input by name, which it cannot where that is a socket
  const file = `${lab.dir}/connections`;
  writeFileSync(file, `${lines.join('\n')}\n`);
  const ran = await run('ip', ['netns', 'exec', `sdnc.${lab.name}.worker0`, 'conntrack', '-R', file]);
  if (ran.status !== 0) throw new Error(ran.stderr);
}

const trackedConnections = 50_000;
const endedConnections = 10_000;

/** How often connections are ended, each time of another namespace. */
const endings = 3;

const median = (figures: readonly number[]): number =>
  [...figures].sort((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN;

/**
 * A namespace with many connections stops asking for egress IPs, and then something else is done; seconds from the first
 * until the last connection has gone.
 */
async function measureEnding(
  lab: TestLab,
  client: KubeClient,
  cache: ObjectCache<NetNamespaceObject>,
  which: number,
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const name = project(which);
  const { podIP = '' } = (await client.get<PodObject>(pods, { name: 'pod', namespace: name }))?.status ?? {};
  const mark = 0x20000000 + cache.get(name)!.netid;
  await track(lab, endedConnections, { from: podIP, mark, source: egressIPs(which)[0]! });
  const left = async (): Promise<number> =>
    (await lab.node('worker0', 'conntrack', '-L', '-f', 'ipv4', '--mark', String(mark))).stdout.split('\n').length - 1;
  if ((await left()) < endedConnections) throw new Error('the connections are not there');
  // a listing costs what it measures: it is made only when about as many as have to end are gone
  const count = async (): Promise<number> =>
    Number((await lab.node('worker0', 'cat', '/proc/sys/net/netfilter/nf_conntrack_count')).stdout);
  const mostLeft = (await count()) - 0.99 * endedConnections;
  const began = performance.now();
  await client.patch(netNamespaces, { name }, { egressIPs: null }, { type: 'merge' });
  const other = meanwhile();
  await until('all have ended', async () => (await count()) < mostLeft && (await left()) === 0, 30);
  const seconds = (performance.now() - began) / 1_000;
  await other;
  return seconds;
}

interface Endings {
  /** Median seconds, when nothing else changes. */
  readonly alone: number;
  /** Median milliseconds that other namespaces' changes take one after another, when no connections end and when they do. */
  readonly before: number;
  readonly meanwhile: number;
}

async function measureEndings(
  lab: TestLab,
  client: KubeClient,
  cache: ObjectCache<NetNamespaceObject>,
): Promise<Endings> {
  const others = (first: number): Promise<readonly number[]> =>
    measureChanges(
      lab,
      client,
      cache,
      numbers(5).map((index) => first + index),
      0,
    );
  const [alone, before, meanwhile]: [number[], number[], number[]] = [[], [], []];
  for (const round of numbers(endings)) {
    await sleep(2_000);
    before.push(...(await others(170 + 5 * round)));
    await sleep(2_000);
    alone.push(await measureEnding(lab, client, cache, 3 + 2 * round));
    await sleep(2_000);
    await measureEnding(lab, client, cache, 4 + 2 * round, async () => {
      meanwhile.push(...(await others(200 + 5 * round)));
    });
  }
  return { alone: median(alone), before: median(before), meanwhile: median(meanwhile) };
}

/** Milliseconds from the watch's event to the flow on the bridge, as Open vSwitch itself tells of it, for each change. */
async function measureChanges(
  lab: TestLab,
  client: KubeClient,
  cache: ObjectCache<NetNamespaceObject>,
  which: readonly number[],
  rest: number,
): Promise<readonly number[]> {
  const monitor = spawn('ovs-ofctl', ['monitor', 'br0', 'watch:!initial,table=101'], {
    env: { ...process.env, OVS_RUNDIR: `/run/sdn-compat-lab/${lab.name}/ovs/worker0` },
    stdio: ['ignore', 'ignore', 'pipe'], // It prints what it monitors to standard error.
  });
  let told: (line: string) => void = () => undefined;
  createInterface({ input: monitor.stderr }).on('line', (line) => told(line));
  await sleep(rest);
  const found: number[] = [];
  for (const index of which) {
    const name = project(index);
    const netid = cache.get(name)!.netid;
    const onBridge = new Promise<number>((resolve) => {
      told = (line) => {
        if (line.includes(`reg0=0x${netid.toString(16)},`) || line.includes(`reg0=0x${netid.toString(16)} `))
          resolve(performance.now());
      };
    });
    const event = new Promise<number>((resolve) => {
      const end = cache.subscribe(({ key, after }) => {
        if (key !== name || after?.egressIPs?.length !== 1) return;
        resolve(performance.now());
        setImmediate(() => end());
      });
    });
    await client.patch(netNamespaces, { name }, { egressIPs: egressIPs(index).slice(0, 1) }, { type: 'merge' });
    found.push((await onBridge) - (await event));
    await sleep(Math.min(rest, 200));
  }
  monitor.kill();
  await once(monitor, 'close');
  return found.sort((a, b) => a - b);
}

const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
const peakMiB = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** Prints the table; returns false if a figure misses its target. */
export async function bench(): Promise<boolean> {
  const lab = await TestLab.up();
  const stop = new AbortController();
  try {
    const client = await openKube({ kubeconfig: `${lab.dir}/kubeconfig`, logger, userAgent: 'sdn-compat-bench' });
    await client.list(nodes);
    const cache = await makeCluster(client, stop.signal);
    await makePods(client);
    await lab.command('kill', 'kubelet'); // It would say of nodes without an agent that they are not Ready.
    for (const worker of ['worker0', 'worker1', 'worker2']) await lab.command('kill', 'agent', worker);
    await listIPs(client);
    await lab.node('worker0', 'nft', 'flush', 'ruleset');
    await ovs(lab, '-O', 'OpenFlow13', 'del-flows', 'br0');
    await ovs(lab, '-O', 'OpenFlow13', 'del-groups', 'br0');
    const empty = await start(lab);
    await sleep(5_000);
    await lab.command('kill', 'agent', 'worker0');
    const [before, began] = [await written(lab), Date.now()];
    const restart = await start(lab);
    await sleep(1_000);
    const after = await written(lab);
    const isUntouched = after === before && (await youngest(lab)) * 1_000 > Date.now() - began;
    const times = await measureChanges(
      lab,
      client,
      cache,
      numbers(changes).map((index) => 100 + index),
      500,
    );
    await sleep(3_000);
    const pid = lab.pid('node-worker0');
    const cpu = cpuSeconds(pid);
    await sleep(20_000);
    const idle = (cpuSeconds(pid) - cpu) * 5;
    const memory = peakMiB(pid);
    await track(lab, trackedConnections, { from: '10.254.1.254', mark: 0x20000000, source: '192.168.7.11' });
    await lab.command('kill', 'agent', 'worker0');
    const tracking = await start(lab);
    await sleep(3_000);
    const ended = await measureEndings(lab, client, cache);
    const figures: readonly (readonly [string, number, number])[] = [
      ['s, start of the agent until all flows and sets are there, from none', empty / 1_000, 2],
      ['s, start of the agent when nothing has changed', restart / 1_000, 2],
      [
        `writes on flows, nft, addresses, routes and rules then (${isUntouched ? 'none' : 'SOME'})`,
        isUntouched ? 0 : 1,
        0,
      ],
      [
        'ms at p50, event of a NetNamespace until its flow is on the bridge',
        times[Math.floor(times.length / 2)] ?? Number.NaN,
        60,
      ],
      ['ms at p95', times[Math.floor(times.length * 0.95)] ?? Number.NaN, 60],
      ['MiB of memory at most', memory, 200],
      ['% CPU of one core, idle', idle, 1],
      [`s, start of the agent with ${trackedConnections} connections tracked`, tracking / 1_000, 2],
      [
        `s until ${endedConnections} connections of a namespace have ended, among ${trackedConnections}`,
        ended.alone,
        1,
      ],
      [
        'ms more than else, event of another NetNamespace until its flow is on the bridge meanwhile',
        ended.meanwhile - ended.before,
        100,
      ],
    ];
    client.close();
    table(
      `Node agent: ${namespaceCount} namespaces with egress IPs, ${podCount} pods here, ${otherNodes} other nodes`,
      ['', 'measured', 'at most'],
      figures,
    );
    return figures.every(([, measured, most]) => measured <= most);
  } finally {
    stop.abort();
    await lab.down();
  }
}
