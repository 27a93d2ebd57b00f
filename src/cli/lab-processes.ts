/** The processes of a lab that are neither a node's nor the cluster's: `lab up` starts them as hidden commands. */
import type { KubeClient } from '../io/kube/client.ts';
import { openKube } from '../io/kube/config.ts';
import { createLogger, type Logger } from '../io/log.ts';
import { exec } from '../io/programs/exec.ts';
import { serverOf } from '../lab/cluster/given.ts';
import { runKubelet } from '../lab/cluster/kubelet.ts';
import { relay } from '../lab/cluster/relay.ts';
import { serveWeb } from '../lab/cluster/web.ts';
import { files, type Layout, network } from '../lab/layout.ts';
import type { Build } from '../lab/ovn/builds.ts';
import { runServices } from '../lab/services/run.ts';
import { runOvn, runStandIn } from '../lab/underlay/run.ts';
import type { Datapath } from '../node/values/facts.ts';
import { untilSignal } from './fail.ts';
import { type LabFlags, layoutNamed, type ServicesFlags } from './lab.ts';
import { cniPlugin } from './program.ts';

interface Parts {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly layout: Layout;
}

/** Runs a client of the lab's API server under this name, until a signal. */
async function asClient(flags: LabFlags, name: string, run: (parts: Parts) => Promise<void>): Promise<void> {
  const layout = await layoutNamed(flags.name);
  const logger = createLogger({ level: 'info', name });
  const client = await openKube({ kubeconfig: files.kubeconfig(layout), logger, userAgent: name });
  await run({ client, logger, layout });
  client.close();
}

export interface KubeletFlags extends LabFlags {
  readonly datapath: Datapath;
}

/** `lab kubelet`. */
export function labKubelet(flags: KubeletFlags): Promise<void> {
  const { datapath } = flags;
  return asClient(flags, 'sdn-compat-lab-kubelet', (parts) =>
    runKubelet({ ...parts, exec, datapath, plugin: cniPlugin }, untilSignal()),
  );
}

/** `lab relay`, on an API server that is already there. */
export async function labRelay(flags: LabFlags): Promise<void> {
  const layout = await layoutNamed(flags.name);
  const at = { port: layout.port, socket: files.api(layout) };
  await relay({ ...(await serverOf(layout)), at }, untilSignal());
}

/** `lab services`, with `lab up --services`. */
export function labServices(flags: ServicesFlags): Promise<void> {
  const { form } = flags;
  return asClient(flags, 'sdn-compat-lab-services', (parts) => runServices({ ...parts, exec, form }, untilSignal()));
}

/** `lab ovn`, with `lab up --ovn`. */
export function labOvn(flags: LabFlags): Promise<void> {
  return asClient(flags, 'sdn-compat-lab-ovn', async ({ client: cluster, logger, layout }) => {
    const kubeconfig = files.underlayKubeconfig(layout);
    const underlay = await openKube({ kubeconfig, logger, userAgent: 'sdn-compat-lab-ovn' });
    await runOvn({ cluster, underlay, logger, layout }, untilSignal());
    underlay.close();
  });
}

export interface StandInFlags {
  readonly kubeconfig?: string;
  readonly ovn: Build;
}

/** `lab stand-in`. */
export async function labStandIn({ kubeconfig, ovn: build }: StandInFlags): Promise<void> {
  const logger = createLogger({ level: 'info', name: 'sdn-compat-lab-ovn' });
  const client = await openKube({
    ...{ logger, userAgent: 'sdn-compat-lab-ovn' },
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
  await runStandIn(client, { build, logger }, untilSignal());
  client.close();
}

/** `lab web`. */
export async function labWeb(flags: LabFlags): Promise<void> {
  const layout = await layoutNamed(flags.name);
  await serveWeb(network.outsideHost, network.outsidePort, files.accessLog(layout), untilSignal());
}
