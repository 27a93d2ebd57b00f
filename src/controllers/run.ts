/** The control plane: VNIDs for namespaces, subnets for nodes, egress IPs. Each object is a key of a work queue. */
import {
  clusterNetworks,
  egressNetworkPolicies,
  hostSubnets,
  namespaces,
  netNamespaces,
  nodes,
} from '../../api/kinds.ts';
import { EventRecorder, involved, type ReportEvent } from '../io/events.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { isConflict } from '../io/kube/error.ts';
import { type ObjectCache, watchKind } from '../io/kube/watch.ts';
import type { Logger } from '../io/log.ts';
import type { Probe } from '../io/probe.ts';
import { createQueue, type WorkQueue } from '../io/queue.ts';
import type {
  ClusterNetworkObject,
  EgressNetworkPolicyObject,
  HostSubnetObject,
  KubeObject,
  NamespaceObject,
  NetNamespaceObject,
  NodeObject,
} from '../model/objects.ts';
import { CloudController } from './cloud/controller.ts';
import { type EgressOptions, runEgress, type RunningEgress } from './egressips/run.ts';
import type { ControllerMetrics } from './metrics.ts';
import { NetidsController } from './netids/controller.ts';
import { followNetwork, type LiveNetwork } from './network.ts';
import { NotesController } from './notes/controller.ts';
import { SubnetsController } from './subnets/controller.ts';

export interface ControllerDeps {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly probe: Probe;
  readonly metrics: ControllerMetrics;
  /** Told when all caches are synced and the controllers work. */
  readonly onStarted?: () => void;
}

export interface ControllerOptions {
  /** Milliseconds between two probes of a node; 0: nodes are not probed. */
  readonly probeInterval: number;
  /** `auto`: CloudPrivateIPConfigs are made where Nodes carry the annotation of a cloud. */
  readonly cloud: 'auto' | 'never';
}

/** Several objects are worked on at once; each of them by one worker. */
const concurrency = 24;
/** Milliseconds that a thing must be wrong before users are told. */
const noteSettle = 1_000;

interface Caches {
  readonly networks: ObjectCache<ClusterNetworkObject>;
  readonly namespaces: ObjectCache<NamespaceObject>;
  readonly netNamespaces: ObjectCache<NetNamespaceObject>;
  readonly nodes: ObjectCache<NodeObject>;
  readonly hostSubnets: ObjectCache<HostSubnetObject>;
  readonly policies: ObjectCache<EgressNetworkPolicyObject>;
}

function openCaches(client: KubeClient, logger: Logger, signal: AbortSignal): Caches {
  const options = { logger };
  return {
    networks: watchKind<ClusterNetworkObject>(client, clusterNetworks, options, signal),
    namespaces: watchKind<NamespaceObject>(client, namespaces, options, signal),
    netNamespaces: watchKind<NetNamespaceObject>(client, netNamespaces, options, signal),
    nodes: watchKind<NodeObject>(client, nodes, options, signal),
    hostSubnets: watchKind<HostSubnetObject>(client, hostSubnets, options, signal),
    policies: watchKind<EgressNetworkPolicyObject>(client, egressNetworkPolicies, options, signal),
  };
}

function everyCache(caches: Caches): readonly ObjectCache<KubeObject>[] {
  return [caches.networks, caches.namespaces, caches.netNamespaces, caches.nodes, caches.hostSubnets, caches.policies];
}

function follow(queue: WorkQueue, concern: string, cache: ObjectCache<KubeObject>): () => void {
  return cache.subscribe(({ key }) => queue.add(`${concern}/${key}`));
}

/** VNIDs and subnets, object by object, until the signal aborts. */
async function runAllocators(
  deps: ControllerDeps & { readonly caches: Caches; readonly network: LiveNetwork; readonly report: ReportEvent },
  signal: AbortSignal,
): Promise<void> {
  const { client, logger, caches, network, report, metrics } = deps;
  const isMultitenant = (): boolean => network.current().mode === 'multitenant';
  const netids = new NetidsController({
    client,
    logger,
    report,
    isMultitenant,
    namespaces: caches.namespaces,
    netNamespaces: caches.netNamespaces,
  });
  const subnets = new SubnetsController({
    client,
    logger,
    report,
    network: network.current,
    nodes: caches.nodes,
    hostSubnets: caches.hostSubnets,
  });
  const queue = createQueue({
    logger,
    concurrency,
    isRace: isConflict,
    onFailure: (key) => metrics.syncError(key.split('/', 1)[0] ?? ''),
  });
  const unsubscribe = [
    follow(queue, 'namespace', caches.namespaces),
    follow(queue, 'namespace', caches.netNamespaces),
    follow(queue, 'node', caches.nodes),
    follow(queue, 'node', caches.hostSubnets),
    network.subscribe(() => {
      subnets.networkChanged();
      for (const { metadata } of [...caches.nodes.list(), ...caches.hostSubnets.list()])
        queue.add(`node/${metadata.name ?? ''}`);
    }),
  ];
  await queue.process((key): Promise<number | undefined> => {
    const at = key.indexOf('/');
    const [concern, name] = [key.slice(0, at), key.slice(at + 1)];
    return concern === 'namespace' ? netids.reconcile(name, signal) : subnets.reconcile(name, signal);
  }, signal);
  for (const end of unsubscribe) end();
  netids.close();
  subnets.close();
}

interface EgressParts {
  readonly egress: RunningEgress;
  readonly ended: Promise<unknown>;
}

type EgressPartsDeps = ControllerDeps & { readonly caches: Caches; readonly report: ReportEvent };

/** What is logged, counted and told by Events of nodes' health. */
function healthListener(deps: EgressPartsDeps): Pick<EgressOptions['listener'], 'verdict' | 'isolated'> {
  const { logger, metrics, caches, report } = deps;
  const offline = new Set<string>();
  return {
    verdict: (node, isOffline) => {
      logger[isOffline ? 'warn' : 'info']({ node, verdict: isOffline ? 'offline' : 'online' }, 'node health');
      const object = involved(nodes, node, caches.nodes.get(node));
      if (isOffline) {
        offline.add(node);
        metrics.failedOver();
        const message = 'the node does not answer or is not Ready: egress IPs of its egressCIDRs go to other nodes';
        report({ object, type: 'Warning', reason: 'EgressNodeOffline', message });
      } else if (offline.delete(node)) {
        const message = 'the node answers: egress IPs may be placed on it';
        report({ object, type: 'Normal', reason: 'EgressNodeOnline', message });
      }
    },
    isolated: (isolated) => {
      metrics.isolated(isolated);
      if (!isolated) return;
      const object = involved(clusterNetworks, 'default', caches.networks.get('default'));
      const message = 'the controller reaches no node with egressCIDRs at all: egress IPs stay where they are';
      report({ object, type: 'Warning', reason: 'ControllerCutOff', message });
    },
  };
}

/** Automatic assignment, clouds, and what users are told of egress IPs, until the signal aborts. */
function runEgressParts(deps: EgressPartsDeps, options: ControllerOptions, signal: AbortSignal): EgressParts {
  const { client, logger, probe, metrics, caches, report } = deps;
  const cloud = new CloudController({
    client,
    logger,
    view: () => egress.view,
    onFailure: () => metrics.syncError('cloud'),
  });
  let changed = (): void => undefined;
  const egress = runEgress(
    {
      client,
      logger,
      probe,
      probeInterval: options.probeInterval,
      ...caches,
      onFailure: () => metrics.syncError('egressip'),
      listener: {
        assigned: (ip) => cloud.assigned(ip),
        changed: () => changed(),
        limits: () => cloud.limitsChanged(),
        round: (round) => {
          metrics.moved(round.moves.length);
          metrics.unplaced(new Set(round.unplaced.map(({ egressIP }) => egressIP)).size);
        },
        ...healthListener(deps),
      },
    },
    signal,
  );
  metrics.followNodes(egress.verdicts);
  const notes = new NotesController({
    view: egress.view,
    netNamespaces: caches.netNamespaces,
    nodes: caches.nodes,
    policies: caches.policies,
    report,
    isBusy: egress.isBusy,
    settle: noteSettle,
    onState: metrics.state,
  });
  changed = () => notes.changed();
  caches.policies.subscribe(changed);
  if (options.cloud === 'auto') cloud.limitsChanged();
  return {
    egress,
    ended: Promise.all([egress.ended, notes.run(signal), ...(options.cloud === 'auto' ? [cloud.run(signal)] : [])]),
  };
}

/** Runs the controllers until the signal aborts. */
export async function runControllers(
  deps: ControllerDeps,
  options: ControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { client, logger, metrics } = deps;
  const caches = openCaches(client, logger, signal);
  try {
    await Promise.all(everyCache(caches).map((cache) => cache.synced));
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  const events = new EventRecorder({ client, logger, component: 'sdn-compat-controller', now: Date.now });
  const told = events.run(signal);
  const network = await followNetwork({ cache: caches.networks, logger, report: events.report }, signal);
  if (network === undefined) return told;
  const all = { ...deps, caches, report: events.report };
  caches.policies.subscribe(() => metrics.policies(caches.policies.list()));
  const egress = runEgressParts(all, options, signal);
  egress.egress.setNetwork(network.current());
  network.subscribe(egress.egress.setNetwork);
  logger.info('controllers started');
  deps.onStarted?.();
  await Promise.all([runAllocators({ ...all, network }, signal), egress.ended, told]);
}
