/** `sdn-compat node`: the agent of one node. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { clusterNetworks } from '../../../api/kinds.ts';
import { openKube } from '../../io/kube/config.ts';
import { whyBehind } from '../../io/kube/era.ts';
import { createLogger, type LogLevel } from '../../io/log.ts';
import { exec } from '../../io/programs/exec.ts';
import type { PortRange } from '../../model/objects/well-known.ts';
import { checkHost } from '../../node/admin/check.ts';
import { cleanup } from '../../node/admin/cleanup.ts';
import type { Folders } from '../../node/admin/surroundings.ts';
import { runAgent } from '../../node/agent/agent.ts';
import { createNodeMetrics } from '../../node/agent/metrics.ts';
import { resolverLookup } from '../../node/cluster/dns.ts';
import { AddressRecord, recordFile } from '../../node/links/record.ts';
import { Failure, untilSignal } from '../fail.ts';
import { keepHeapSmall } from '../heap.ts';
import { print } from '../output.ts';
import { openStatus } from '../status-address.ts';
import type { StatusFlags } from '../status-options.ts';
import { programVersion } from '../version.ts';

export interface NodeFlags extends StatusFlags {
  readonly kubeconfig?: string;
  readonly nodeName?: string;
  readonly ovsRunDir: string;
  readonly cniSocket: string;
  readonly cniConfDir: string;
  readonly cniBinDir: string;
  readonly datapath: 'system' | 'netdev' | 'auto';
  readonly masqueradeBit: number;
  readonly serviceNodePortRange: PortRange;
  readonly firstAvailable: boolean;
  readonly resolver?: string;
  /** Seconds. */
  readonly resync: number;
  /** Milliseconds. */
  readonly probeInterval: number;
  /** Probes a second. */
  readonly probeLimit: number;
  readonly leaseNamespace: string;
  readonly logLevel: LogLevel;
  readonly check?: boolean;
  readonly cleanup?: boolean;
  readonly output: 'text' | 'json';
}

/** Where runtimes look, and config/node writes. */
const cniFolders = ({ cniConfDir, cniBinDir }: NodeFlags): Folders => ({ configs: cniConfDir, plugins: cniBinDir });

/** `--check`: prints the results; exit status 1 if something must be fixed. */
async function runCheck(flags: NodeFlags): Promise<void> {
  const logger = createLogger({ level: 'silent', name: 'sdn-compat-node' });
  const { kubeconfig, ovsRunDir, datapath } = flags;
  let unreachable = '';
  const client = await openKube({
    logger,
    userAgent: 'sdn-compat-node',
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  })
    .then(async (opened) => {
      await opened.list(clusterNetworks).catch((error: unknown) => {
        opened.close();
        throw error;
      });
      return opened;
    })
    .catch((error: unknown) => {
      unreachable = error instanceof Error ? error.message : String(error);
      return undefined;
    });
  const findings = await checkHost(
    { nodeName: flags.nodeName ?? hostname(), ovsRunDir, datapath, cni: cniFolders(flags) },
    { exec, client, unreachable },
  );
  client?.close();
  if (flags.output === 'json') print(`${JSON.stringify(findings, null, 2)}\n`);
  else
    for (const { what, found, fix } of findings)
      print(`${fix === undefined ? 'ok ' : 'BAD'} ${what}: ${found}${fix === undefined ? '' : `\n    ${fix}`}\n`);
  if (findings.some(({ fix }) => fix !== undefined)) process.exitCode = 1;
}

function checkResolver(resolver: string | undefined): void {
  try {
    resolverLookup(resolver);
  } catch {
    throw new Failure(`--resolver ${JSON.stringify(resolver)}: it must be ADDRESS or ADDRESS:PORT`, 2);
  }
}

/** Runs until SIGTERM or SIGINT; the data path stays as it is. With --check or --cleanup it does only that. */
export async function runNode(flags: NodeFlags): Promise<void> {
  if (flags.check === true) return runCheck(flags);
  if (flags.cleanup === true) {
    const { ovsRunDir, cniSocket, nodeName = hostname(), logLevel } = flags;
    const record = new AddressRecord(recordFile({ nodeName, cniSocket }));
    await record.load(createLogger({ level: logLevel, name: 'sdn-compat-node' }));
    const at = { nodeName, cniSocket, ovsdbSocket: join(ovsRunDir, 'db.sock'), cni: cniFolders(flags) };
    const { removed, failures } = await cleanup(exec, at, record);
    for (const what of removed) print(`removed ${what}\n`);
    if (failures.length > 0) throw new Failure(`not all could be removed: ${failures.join('; ')}`);
    return undefined;
  }
  checkResolver(flags.resolver);
  keepHeapSmall('none');
  const logger = createLogger({ level: flags.logLevel, name: 'sdn-compat-node' });
  const { kubeconfig, ovsRunDir, cniSocket, datapath, firstAvailable } = flags;
  const client = await openKube({
    logger,
    userAgent: 'sdn-compat-node',
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
  const options = {
    nodeName: flags.nodeName ?? hostname(),
    ovsRunDir,
    ovsdbSocket: join(ovsRunDir, 'db.sock'),
    cniSocket,
    datapath,
    masqueradeBit: flags.masqueradeBit < 0 ? undefined : flags.masqueradeBit,
    nodePorts: flags.serviceNodePortRange,
    firstAvailable,
    resolver: flags.resolver,
    resync: flags.resync * 1_000,
    probeInterval: flags.probeInterval,
    probeLimit: flags.probeLimit,
    leaseNamespace: flags.leaseNamespace,
    version: programVersion,
  };
  const signal = untilSignal();
  const metrics = createNodeMetrics();
  let isReady = false;
  const status = await openStatus(flags, {
    logger,
    registry: metrics.registry,
    client,
    notReady: () => (isReady ? whyBehind(client) : 'the node is not yet as the cluster says'),
  });
  try {
    await runAgent(options, { client, exec, logger, metrics, onReady: () => (isReady = true) }, signal);
  } finally {
    status?.close();
    client.close();
  }
  return undefined;
}
