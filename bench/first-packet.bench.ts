/**
 * How soon after `oc patch netnamespace` a pod leaves with the new egress IP: from before the patch is sent until the
 * first connection begins that the server sees with the new address. The pod opens one every 5 ms. Needs root.
 */
import { netNamespaces } from '../api/kinds.ts';
import { openKube } from '../src/io/kube/config.ts';
import { TestLab } from '../test/e2e/lab.ts';
import { Client, sleep } from '../test/e2e/outage.ts';
import { table } from './clusters.ts';
import { logger } from './node-cluster.ts';

const patches = 60;
const [first, second] = ['192.168.7.201', '192.168.7.202'] as const;
/** The egress IPs change places on each of these workers; the pod is on worker0. */
const places = [
  { name: 'both on the pod’s node', hosts: ['worker0', 'worker0'] },
  { name: 'both on another node', hosts: ['worker1', 'worker1'] },
  { name: 'on two other nodes', hosts: ['worker1', 'worker2'] },
] as const;
/** Milliseconds at p95. */
const target = 40;

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;

async function measure(lab: TestLab, hosts: readonly [string, string]): Promise<readonly number[]> {
  for (const worker of ['worker0', 'worker1', 'worker2'])
    await lab.patch('hostsubnet', worker, { egressIPs: [first, second].filter((_, index) => hosts[index] === worker) });
  // a node asks the network before it takes an address for the first time
  for (const ip of [first, second]) {
    await lab.patch('netnamespace', 'red', { egressIPs: [ip] });
    await lab.untilSource('red/pod', ip);
  }
  const kube = await openKube({ kubeconfig: `${lab.dir}/kubeconfig`, logger, userAgent: 'sdn-compat-bench' });
  const client = await Client.start(lab, 'red/pod', 5);
  try {
    await sleep(1_000);
    const found: number[] = [];
    for (let index = 0; index < patches; index += 1) {
      const wanted = index % 2 === 0 ? first : second;
      const began = Date.now();
      await kube.patch(netNamespaces, { name: 'red' }, { egressIPs: [wanted] }, { type: 'merge' });
      await sleep(700);
      const seen = client.between(began, began + 700).find(({ source }) => source === wanted);
      found.push(seen === undefined ? Number.NaN : seen.at - began);
    }
    return found.sort((a, b) => a - b);
  } finally {
    client.stop();
    kube.close();
  }
}

/** Prints the table; returns false if a p95 misses its target. */
export async function bench(): Promise<boolean> {
  const lab = await TestLab.up();
  try {
    await lab.namespace('red');
    await lab.pods(['red/pod', 'worker0']);
    const rows: [string, number, number, number][] = [];
    for (const { name, hosts } of places) {
      const sorted = await measure(lab, hosts);
      rows.push([name, at(sorted, 0.5), at(sorted, 0.95), target]);
    }
    table('From the patch to the first packet with the new address, ms', ['egress IPs', 'p50', 'p95', 'at most'], rows);
    return rows.every(([, , p95]) => p95 <= target);
  } finally {
    await lab.down();
  }
}
