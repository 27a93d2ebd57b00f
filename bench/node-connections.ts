/** How long it takes to end the connections of a namespace, and what that costs the changes of others. */
import { writeFileSync } from 'node:fs';
import { netNamespaces, pods } from '../api/kinds.ts';
import type { KubeClient } from '../src/io/kube/client.ts';
import type { ObjectCache } from '../src/io/kube/watch.ts';
import type { NetNamespaceObject, PodObject } from '../src/model/objects/raw.ts';
import { run, type TestLab, until } from '../test/e2e/lab.ts';
import { sleep } from '../test/e2e/outage.ts';
import { measureChanges } from './node-changes.ts';
import { egressIPs, numbers, project } from './node-cluster.ts';

/**
 * Puts connections to the outside into the worker's conntrack: so many, of a pod address, with an owner and a source.
 */
export async function track(
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

export const trackedConnections = 50_000;
export const endedConnections = 10_000;

/** How often connections are ended, each time of another namespace. */
const endings = 3;

const median = (figures: readonly number[]): number =>
  [...figures].sort((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN;

/**
 * A namespace with many connections stops asking for egress IPs, and then something else is done; seconds from the
 * first until the last connection has gone.
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
  /**
   * Median milliseconds that other namespaces' changes take one after another, when no connections end and when they
   * do.
   */
  readonly before: number;
  readonly meanwhile: number;
}

/** Ends connections of several namespaces, alone and while others change. */
export async function measureEndings(
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
