/** `sdn-compat node`: the agent of one node. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { exec } from '../io/exec.ts';
import { openKube } from '../io/kube/config.ts';
import { createLogger, type LogLevel } from '../io/log.ts';
import { runAgent } from '../node/agent.ts';
import { untilSignal } from './fail.ts';

export interface NodeFlags {
  readonly kubeconfig?: string;
  readonly nodeName?: string;
  readonly ovsRunDir: string;
  readonly cniSocket: string;
  readonly datapath: 'system' | 'netdev' | 'auto';
  readonly masqueradeBit: number;
  readonly firstAvailable: boolean;
  readonly resolver?: string;
  readonly logLevel: LogLevel;
}

/** Runs until SIGTERM or SIGINT; the data path stays as it is. */
export async function runNode(flags: NodeFlags): Promise<void> {
  const logger = createLogger({ level: flags.logLevel, name: 'sdn-compat-node' });
  const { kubeconfig, ovsRunDir, cniSocket, datapath, firstAvailable } = flags;
  const client = await openKube({ logger, userAgent: 'sdn-compat-node', ...(kubeconfig === undefined ? {} : { kubeconfig }) });
  const options = {
    nodeName: flags.nodeName ?? hostname(),
    ovsRunDir,
    ovsdbSocket: join(ovsRunDir, 'db.sock'),
    cniSocket,
    datapath,
    masqueradeBit: flags.masqueradeBit < 0 ? undefined : flags.masqueradeBit,
    firstAvailable,
    resolver: flags.resolver,
  };
  const signal = untilSignal();
  try {
    await runAgent(options, { client, exec, logger }, signal);
  } finally {
    client.close();
  }
}
