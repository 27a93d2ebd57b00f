/** Shows in HostSubnets with egressCIDRs what OVN-Kubernetes assigned to their nodes; and labels nodes that offer. */
import { hostSubnets, nodes } from '../../api/kinds.ts';
import { withoutPrefixes } from '../controllers/egressips/plan.ts';
import type { KubeClient } from '../io/kube/client.ts';
import type { Logger } from '../io/log.ts';
import { assignableLabel } from '../migrate/targets/ovn/marks/annotations.ts';
import { compareIps, parseIp } from '../model/values/address.ts';
import { asList, asText } from '../model/values/json.ts';
import type { FacadeCaches } from './caches.ts';
import type { Fights } from './fights.ts';
import type { GoingLabels } from './going-labels.ts';
import { mergeInto } from './merge-into.ts';
import type { FacadeMetrics } from './metrics.ts';
import { labeledAnnotation } from './plan/marks.ts';
import { labelPatch, type NodePatch } from './plan/nodes.ts';
import type { Rewriting } from './rewriting.ts';
import type { World } from './world.ts';

export interface BackflowDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly caches: Pick<FacadeCaches, 'hostSubnets' | 'nodes'>;
  readonly world: World;
}

export interface ShowDeps extends BackflowDeps {
  readonly metrics: Pick<FacadeMetrics, 'refused'>;
  readonly rewriting: Rewriting;
}

/**
 * Writes the HostSubnet of a node with egressCIDRs, if it lists other addresses than the node has; and any other, if it
 * lists addresses with their prefix length. Returns the milliseconds until the next look, if any.
 */
export async function showAssigned(
  { client, logger, caches, world, metrics, rewriting }: ShowDeps,
  node: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const live = caches.hostSubnets.get(node);
  if (live === undefined) return undefined;
  const isAutomatic = asList(live.egressCIDRs).length > 0;
  const wanted = isAutomatic ? sortedIps(world.assignedTo(node)) : withoutPrefixes(live.egressIPs);
  const listed = asList(live.egressIPs).map(asText);
  if (wanted === undefined || listed.join() === wanted.join()) return undefined;
  const text = wanted.join();
  const left = rewriting.left(node, text);
  if (left > 0) return left;
  if (rewriting.isAgain(node, text)) {
    metrics.refused();
    logger.warn({ node, listed }, 'somebody else writes the egressIPs of a HostSubnet with egressCIDRs');
  }
  await mergeInto(client, hostSubnets, { live, patch: { egressIPs: wanted } }, signal);
  rewriting.wrote(node, text);
  if (isAutomatic) logger.info({ node, egressIPs: wanted }, 'HostSubnet lists what OVN-Kubernetes assigned');
  return undefined;
}

function sortedIps(texts: readonly string[]): readonly string[] {
  return texts
    .flatMap((text) => {
      const ip = parseIp(text);
      return ip.ok ? [ip.value] : [];
    })
    .sort(compareIps);
}

export interface LabelDeps extends BackflowDeps {
  readonly fights: Fights;
  readonly going: GoingLabels;
  /** Whether the Node lacks its label on purpose for the moment. */
  readonly isHeld: (node: string) => boolean;
}

/**
 * Gives the Node the label of hosting nodes if its HostSubnet offers egress IPs, and takes back one that it gave. Returns
 * the milliseconds until the next look, if any.
 */
export async function labelNode(
  { client, logger, caches, world, fights, going, isHeld }: LabelDeps,
  name: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const [node, hostSubnet] = [caches.nodes.get(name), caches.hostSubnets.get(name)];
  // without a HostSubnet nothing tells whether the node should host
  if (node === undefined || hostSubnet === undefined || isHeld(name)) return undefined;
  const metadata = labelPatch(node, hostSubnet);
  const stays = going.left(name, isWithdrawn(metadata), world.assignedTo(name).length);
  if (metadata === undefined) return undefined;
  if (stays > 0) return stays;
  // somebody took away a label that was given
  const isAgain =
    metadata.labels?.[assignableLabel] === '' && node.metadata.annotations?.[labeledAnnotation] !== undefined;
  const left = isAgain ? fights.next(name) : 0;
  if (left > 0) return left;
  await mergeInto(client, nodes, { live: node, patch: { metadata } }, signal);
  logger.info({ node: name, ...metadata }, 'Node for egress IPs');
  return undefined;
}

function isWithdrawn(metadata: NodePatch | undefined): boolean {
  return metadata?.labels?.[assignableLabel] === null;
}
