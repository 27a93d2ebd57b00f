/** `sdn-compat controller`: the control plane. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { type ControllerMetrics, createMetrics } from '../../controllers/metrics.ts';
import { runControllers } from '../../controllers/run.ts';
import { tcpProbe } from '../../io/health/probe.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { openKube } from '../../io/kube/config.ts';
import { whyBehind } from '../../io/kube/era.ts';
import { LeaderElection } from '../../io/kube/lease.ts';
import { createLogger, type Logger } from '../../io/log.ts';
import { applyConfigFile, applyEnvironment } from '../config-file.ts';
import { Failure, untilSignal } from '../fail.ts';
import { keepHeapSmall } from '../heap.ts';
import { openStatus } from '../status-address.ts';
import { type ControllerFlags, controllerPrefix } from './controller-options.ts';

interface Parts {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly metrics: ControllerMetrics;
  readonly flags: ControllerFlags;
}

/** Why the process is not ready. */
interface Readiness {
  /** Whether the controllers run; only the leader's do. */
  isStarted: boolean;
  /** Why what the controllers know is not the server's state; undefined if it is, as far as is known. */
  whyBehind: () => string | undefined;
  election: LeaderElection | undefined;
}

function notReady({ isStarted, election, whyBehind: why }: Readiness): string | undefined {
  if (election === undefined || election.isLeading()) return isStarted ? why() : 'the caches are not synced';
  return election.isHealthy() ? undefined : 'the API server does not answer';
}

/** Runs the controllers for one term of leadership, from the first list until the signal aborts. */
async function term(
  { logger, metrics, flags }: Parts,
  client: KubeClient,
  readiness: Readiness,
  signal: AbortSignal,
): Promise<void> {
  metrics.leading(true);
  readiness.whyBehind = () => whyBehind(client);
  const onStarted = (): void => {
    readiness.isStarted = true;
  };
  try {
    const { probeInterval, cloud } = flags;
    await runControllers({ client, logger, probe: tcpProbe(), metrics, onStarted }, { probeInterval, cloud }, signal);
  } finally {
    readiness.isStarted = false;
    metrics.leading(false);
    metrics.clear();
  }
}

function electionOf({ client, logger, flags }: Parts): LeaderElection {
  const { leaseDuration: duration, renewDeadline, retryPeriod, leaseNamespace: namespace, leaseName: name } = flags;
  const identity = `${hostname()}_${randomUUID()}`;
  return new LeaderElection({
    client,
    logger,
    namespace,
    name,
    identity,
    times: { duration, renewDeadline, retryPeriod },
  });
}

function checkFlags({ leaseDuration, renewDeadline, retryPeriod }: ControllerFlags): void {
  if (renewDeadline >= leaseDuration) throw new Failure('--renew-deadline must be less than --lease-duration', 2);
  if (retryPeriod >= renewDeadline) throw new Failure('--retry-period must be less than --renew-deadline', 2);
}

/** Runs until SIGTERM or SIGINT. */
export async function runController(command: Command): Promise<void> {
  applyEnvironment(command, controllerPrefix, process.env);
  const { config } = command.opts<ControllerFlags>();
  if (config !== undefined) await applyConfigFile(command, config);
  const flags = command.opts<ControllerFlags>();
  checkFlags(flags);
  keepHeapSmall('maglev'); // its rounds go over all egress IPs of the cluster
  const logger = createLogger({ level: flags.logLevel, name: 'sdn-compat-controller' });
  const { kubeconfig } = flags;
  const client = await openKube({
    logger,
    userAgent: 'sdn-compat-controller',
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
  const parts = { client, logger, metrics: createMetrics(), flags };
  const election = flags.leaderElect ? electionOf(parts) : undefined;
  const readiness: Readiness = { isStarted: false, election, whyBehind: () => undefined };
  const { registry } = parts.metrics;
  const status = await openStatus(flags, { logger, registry, client, notReady: () => notReady(readiness) });
  const signal = untilSignal();
  try {
    if (election === undefined) await term(parts, client, readiness, signal);
    else await election.run((leading) => term(parts, election.guard(client), readiness, leading), signal);
  } finally {
    status?.close();
    client.close();
  }
}
