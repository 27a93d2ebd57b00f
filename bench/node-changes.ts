/** How long it takes from an event of the API server until the flow is on the bridge. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { netNamespaces } from '../api/kinds.ts';
import type { KubeClient } from '../src/io/kube/client.ts';
import type { ObjectCache } from '../src/io/kube/watch.ts';
import type { NetNamespaceObject } from '../src/model/objects/raw.ts';
import type { TestLab } from '../test/e2e/lab.ts';
import { sleep } from '../test/e2e/outage.ts';
import { egressIPs, project } from './node-cluster.ts';

/**
 * Milliseconds from the watch's event to the flow on the bridge, as Open vSwitch itself tells of it, for each change.
 */
export async function measureChanges(
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
  await sleep(Math.max(rest, 500)); // until it listens
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
