/** `sdn-compat controller`: the control plane. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { type ControllerMetrics, createMetrics } from '../../controllers/metrics.ts';
import { runControllers } from '../../controllers/run.ts';
import { cleanUp } from '../../facade/cleanup.ts';
import { type FacadeMetrics, facadeMetrics } from '../../facade/metrics.ts';
import { runFacade } from '../../facade/run.ts';
import { tcpProbe } from '../../io/health/probe.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { openKube } from '../../io/kube/config.ts';
import { whyBehind } from '../../io/kube/era.ts';
import { LeaderElection } from '../../io/kube/lease.ts';
import { backendAnnotation, controllerLabels, versionAnnotation } from '../../io/kube/verdict.ts';
import { createLogger, type Logger } from '../../io/log.ts';
import { applyConfigFile, applyEnvironment } from '../config-file.ts';
import { Failure, untilSignal } from '../fail.ts';
import { keepHeapSmall } from '../heap.ts';
import { print } from '../output.ts';
import { openStatus } from '../status-address.ts';
import { programVersion } from '../version.ts';
import { type ControllerFlags, controllerPrefix } from './controller-options.ts';

interface Parts {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly metrics: ControllerMetrics;
  readonly flags: ControllerFlags;
  /** Undefined unless OVN-Kubernetes forwards. */
  readonly facade: FacadeMetrics | undefined;
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

/** Runs the controllers for what forwards: our agents, or OVN-Kubernetes. */
async function runBackend(
  { flags, facade, ...deps }: Parts & { readonly onStarted: () => void },
  signal: AbortSignal,
): Promise<void> {
  if (facade !== undefined) {
    const { egressipPrefix: prefix, closed, denyNodes } = flags;
    return runFacade({ ...deps, facade }, { prefix, closed, allowAPIServer: !denyNodes }, signal);
  }
  const { probeInterval, cloud, agentsNamespace } = flags;
  return runControllers({ ...deps, probe: tcpProbe() }, { probeInterval, cloud, agentsNamespace }, signal);
}

/** Runs the controllers for one term of leadership, from the first list until the signal aborts. */
async function term(parts: Parts, client: KubeClient, readiness: Readiness, signal: AbortSignal): Promise<void> {
  const { metrics } = parts;
  metrics.leading(true);
  readiness.whyBehind = () => whyBehind(client);
  const onStarted = (): void => {
    readiness.isStarted = true;
  };
  try {
    await runBackend({ ...parts, client, onStarted }, signal);
  } finally {
    readiness.isStarted = false;
    metrics.leading(false);
    metrics.clear();
  }
}

function electionOf({ client, logger, flags }: Parts): LeaderElection {
  const { leaseDuration: duration, renewDeadline, retryPeriod, leaseNamespace: namespace, leaseName: name } = flags;
  return new LeaderElection({
    client,
    logger,
    namespace,
    name,
    identity: `${hostname()}_${randomUUID()}`,
    about: {
      labels: controllerLabels,
      annotations: { [versionAnnotation]: programVersion, [backendAnnotation]: flags.backend },
    },
    times: { duration, renewDeadline, retryPeriod },
  });
}

function checkFlags({ leaseDuration, renewDeadline, retryPeriod, backend, cleanup }: ControllerFlags): void {
  if (cleanup && backend !== 'ovn') throw new Failure('--cleanup is for --backend ovn', 2);
  if (renewDeadline >= leaseDuration) throw new Failure('--renew-deadline must be less than --lease-duration', 2);
  if (retryPeriod >= renewDeadline) throw new Failure('--retry-period must be less than --renew-deadline', 2);
}

/** Milliseconds to wait until no controller holds the Lease any more. */
const patience = 60_000;

/** Removes what the facade made, once no facade runs that would make it again. */
async function removeFacade(parts: Parts): Promise<void> {
  const { client } = parts;
  const [stop, end] = [new AbortController(), untilSignal()];
  const { leaseNamespace, leaseName } = parts.flags;
  const timer = setTimeout(() => stop.abort(), patience);
  let failures: number | undefined;
  const work = async (signal: AbortSignal): Promise<void> => {
    clearTimeout(timer);
    failures = await cleanUp(client, (line) => print(`${line}\n`), signal);
    stop.abort();
  };
  try {
    await electionOf(parts).run(work, AbortSignal.any([stop.signal, end]));
  } finally {
    clearTimeout(timer);
    client.close();
  }
  if (failures === undefined)
    throw new Failure(
      `another controller holds the Lease ${leaseNamespace}/${leaseName}: scale its Deployment to 0 and try again`,
    );
  if (failures > 0) throw new Failure(`${failures} objects could not be cleaned up`);
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
  const metrics = createMetrics();
  const facade = flags.backend === 'ovn' ? facadeMetrics(metrics.registry) : undefined;
  const parts = { client, logger, metrics, flags, facade };
  if (flags.cleanup) return removeFacade(parts);
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
