/** `sdn-compat controller`: the control plane. */
import type { Command } from 'commander';
import { runControllers } from '../controllers/run.ts';
import { openKube } from '../io/kube/config.ts';
import { createLogger, type LogLevel } from '../io/log.ts';
import { untilSignal } from './fail.ts';

export interface ControllerFlags {
  readonly kubeconfig?: string;
  readonly logLevel: LogLevel;
}

/** Runs until SIGTERM or SIGINT. */
export async function runController(flags: ControllerFlags, command: Command): Promise<void> {
  const logger = createLogger({ level: flags.logLevel, name: `sdn-compat-${command.name()}` });
  const { kubeconfig } = flags;
  const client = await openKube({ logger, userAgent: 'sdn-compat-controller', ...(kubeconfig === undefined ? {} : { kubeconfig }) });
  const signal = untilSignal();
  try {
    await runControllers({ client, logger }, signal);
  } finally {
    client.close();
  }
}
