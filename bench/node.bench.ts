/**
 * The agent of one node in a big cluster: a lab whose API server has 10,000 namespaces with egress IPs and 250 nodes,
 * and 250 real pods on the measured worker. The agents of the other workers are ended once their nodes are up, so that
 * their addresses cost nothing and the host works only for the measured one. Needs root.
 */
import { nodes } from '../api/kinds.ts';
import { openKube } from '../src/io/kube/config.ts';
import { TestLab } from '../test/e2e/lab.ts';
import { sleep } from '../test/e2e/outage.ts';
import { table } from './clusters.ts';
import { cpuSeconds, ovs, peakMiB, start, written, youngest } from './node-agent.ts';
import { measureChanges } from './node-changes.ts';
import { measureClosing } from './node-closing.ts';
import {
  listIPs,
  logger,
  makeCluster,
  makePods,
  namespaceCount,
  numbers,
  otherNodes,
  podCount,
} from './node-cluster.ts';
import { endedConnections, measureEndings, track, trackedConnections } from './node-connections.ts';

/** How many changes are measured. */
const changes = 60;

const at = (sorted: readonly number[], part: number): number => sorted[Math.floor(sorted.length * part)] ?? Number.NaN;

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
    const closing = await measureClosing(lab, client, cache, {
      which: numbers(30).map((index) => 170 + index),
      isStopped: false,
    });
    const stopped = await measureClosing(lab, client, cache, {
      which: numbers(30).map((index) => 200 + index),
      isStopped: true,
    });
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
      ['s, start of the agent when nothing has changed', restart / 1_000, 0.6],
      [
        `writes on flows, nft, addresses, routes and rules then (${isUntouched ? 'none' : 'SOME'})`,
        isUntouched ? 0 : 1,
        0,
      ],
      ['ms at p50, event of a NetNamespace until its flow is on the bridge', at(times, 0.5), 4],
      ['ms at p95', at(times, 0.95), 8],
      ['ms at p95, event of a NetNamespace until nft closes its pod', at(closing, 0.95), 10],
      ['ms at p95, the same while ovs-vswitchd is stopped', at(stopped, 0.95), 30],
      ['MiB of memory at most', memory, 110],
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
