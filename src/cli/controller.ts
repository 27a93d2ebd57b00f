/** `sdn-compat controller`: the control plane. */
import { createMetrics } from '../controllers/metrics.ts';
import { runControllers } from '../controllers/run.ts';
import { openKube } from '../io/kube/config.ts';
import { createLogger, type LogLevel } from '../io/log.ts';
import { tcpProbe } from '../io/probe.ts';
import { untilSignal } from './fail.ts';

export interface ControllerFlags {
  readonly kubeconfig?: string;
  readonly logLevel: LogLevel;
}

/** Runs until SIGTERM or SIGINT. */
export async function runController(flags: ControllerFlags): Promise<void> {
  const logger = createLogger({ level: flags.logLevel, name: 'sdn-compat-controller' });
  const { kubeconfig } = flags;
  const client = await openKube({ logger, userAgent: 'sdn-compat-controller', ...(kubeconfig === undefined ? {} : { kubeconfig }) });
  const signal = untilSignal();
  try {
    await runControllers({ client, logger, probe: tcpProbe(), metrics: createMetrics() }, { probeInterval: 1000, cloud: 'auto' }, signal);
  } finally {
    client.close();
  }
}
