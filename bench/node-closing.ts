/** How long a namespace that begins to ask for egress IPs is open: from the event until nft restricts its pod. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { netNamespaces } from '../api/kinds.ts';
import type { KubeClient } from '../src/io/kube/client.ts';
import type { ObjectCache } from '../src/io/kube/watch.ts';
import type { NetNamespaceObject } from '../src/model/objects/raw.ts';
import type { TestLab } from '../test/e2e/lab.ts';
import { sleep } from '../test/e2e/outage.ts';
import { egressIPs, project } from './node-cluster.ts';

/** Milliseconds for each namespace, ascending; NaN for one that was not closed within 5 s. */
export async function measureClosing(
  lab: TestLab,
  client: KubeClient,
  cache: ObjectCache<NetNamespaceObject>,
  { which, isStopped }: { readonly which: readonly number[]; readonly isStopped: boolean },
): Promise<readonly number[]> {
  const request = (index: number, ips: readonly string[]): Promise<unknown> =>
    client.patch(netNamespaces, { name: project(index) }, { egressIPs: [...ips] }, { type: 'merge' });
  for (const index of which) await request(index, []);
  await sleep(2_000);
  const monitor = spawn('ip', ['netns', 'exec', `sdnc.${lab.name}.worker0`, 'nft', 'monitor', 'elements'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let told: (line: string) => void = () => undefined;
  createInterface({ input: monitor.stdout }).on('line', (line) => told(line));
  await sleep(500);
  const daemon = Number(readFileSync(`/run/sdn-compat-lab/${lab.name}/ovs/worker0/ovs-vswitchd.pid`, 'utf8'));
  if (isStopped) {
    process.kill(daemon, 'SIGSTOP');
    // a pass for this one waits for Open vSwitch, and none can begin after it
    await request(which[0]!, egressIPs(which[0]!));
    await sleep(300);
  }
  const found: number[] = [];
  for (const index of isStopped ? which.slice(1) : which) {
    const restricted = new Promise<number>((resolve) => {
      told = (line) => {
        if (/^add element .* restricted_pods /.test(line)) resolve(performance.now());
      };
    });
    const event = new Promise<number>((resolve) => {
      const end = cache.subscribe(({ key, after }) => {
        if (key !== project(index) || !after?.egressIPs?.length) return;
        resolve(performance.now());
        setImmediate(() => end());
      });
    });
    await request(index, egressIPs(index));
    found.push((await Promise.race([restricted, sleep(5_000).then(() => Number.NaN)])) - (await event));
    await sleep(100);
  }
  if (isStopped) process.kill(daemon, 'SIGCONT');
  monitor.kill();
  await once(monitor, 'close');
  return found.sort((a, b) => a - b);
}
