/** `sdn-compat test --disruptive`: who is asked while a node is cut off, and what is expected of them. */
import { randomBytes } from 'node:crypto';
import { clusterNetworks } from '../../../api/kinds.ts';
import type { ReadCluster } from '../../io/input/cluster.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { sampled } from '../../migrate/run/verify/probe.ts';
import type { Status } from '../../model/cluster/summary.ts';
import { defaultVxlanPort } from '../../model/objects/clusternetwork.ts';
import { changedCluster } from '../../model/simulation/changes.ts';
import { reportOn } from '../../model/simulation/report.ts';
import { fieldOf } from '../../model/values/json.ts';
import { Failure } from '../fail.ts';
import { report } from '../output.ts';
import { judgeOutage, watchOutage } from './outage.ts';
import type { TestFlags } from './test-flags.ts';
import type { TestResult } from './test-table.ts';

const badInput = 2;
const cannotTell = 2;

interface Found {
  readonly client: KubeClient;
  readonly signal: AbortSignal;
  readonly read: ReadCluster;
  readonly status: Status;
}

/** Cuts the node off for a while, and judges how the namespaces that leave by it came through. */
export async function disrupt(
  { client, signal, read: { cluster }, status }: Found,
  flags: TestFlags & { readonly disruptive: string },
): Promise<readonly TestResult[]> {
  const { disruptive: node, nodeImage, nodeNamespace: namespace, image, to: url, outage, timeout } = flags;
  if (nodeImage === undefined) throw new Failure('--disruptive: --node-image must name an image with nft', badInput);
  const affected = status.egressIPs.filter((row) => row.node === node && row.inUse === true);
  const names = [...new Set(affected.flatMap(({ namespaces }) => namespaces))].sort();
  const asked = flags.namespace.length > 0 ? names.filter((name) => flags.namespace.includes(name)) : names;
  if (asked.length === 0)
    throw new Failure(`--disruptive ${node}: no such namespace leaves by that node now`, badInput);
  const others = status.nodes.filter((one) => one.node !== node && one.health === 'online');
  if (others.length === 0) throw new Failure(`--disruptive ${node}: no other node is online to ask from`, badInput);
  const chosen = flags.all ? asked : sampled(asked, flags.sample);
  const witnesses = chosen.map((name, index) => ({ namespace: name, node: others[index % others.length]?.node ?? '' }));
  const changed = changedCluster(cluster, [{ kind: 'nodeDown', node }]);
  if (!changed.ok) throw new Failure(changed.error, badInput);
  const dropped: ReadonlySet<string> = new Set(reportOn(cluster, changed.value).drops);
  const clusterNetwork = await client.get(clusterNetworks, { name: 'default' }).catch(() => undefined);
  const vxlanPort = Number(fieldOf(clusterNetwork, 'vxlanPort') ?? 0) || defaultVxlanPort;
  const deps = { client, signal, run: randomBytes(4).toString('hex'), report: (line: string) => report(`${line}\n`) };
  const watched = await watchOutage(deps, witnesses, {
    node,
    namespace,
    nodeImage,
    image,
    url,
    outage,
    timeout,
    vxlanPort,
  });
  if ('problem' in watched) throw new Failure(watched.problem, cannotTell);
  return watched.map((one) =>
    judgeOutage(one, {
      addresses: status.egressIPs
        .filter(({ namespaces }) => namespaces.includes(one.witness.namespace))
        .map(({ egressIP }) => egressIP),
      ...{ isDropped: dropped.has(one.witness.namespace), seconds: outage / 1_000 },
    }),
  );
}
