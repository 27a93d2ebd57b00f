/**
 * `sdn-compat pod-network`: what `oc adm pod-network` does, on any Kubernetes: it asks in the annotation of each
 * NetNamespace, which the controller acts on and removes.
 */
import { clusterNetworks, namespaces, netNamespaces } from '../../api/kinds.ts';
import { changeNetworkAnnotation, type NetworkRequest, networkRequestText } from '../controllers/netids/request.ts';
import { pause } from '../io/async/pause.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { changeFresh, guarded } from '../io/kube/fresh.ts';
import { globalVnid } from '../model/allocation/netids.ts';
import type { ClusterNetworkObject, KubeObject, NetNamespaceObject } from '../model/objects/raw.ts';
import { canNameNamespace } from '../model/values/names.ts';
import { type ClientFlags, openClient } from './client.ts';
import { Failure, untilSignal } from './fail.ts';

/** Which namespaces are meant: by name, or by their labels. */
export interface Meant {
  readonly names: readonly string[];
  readonly selector: string | undefined;
}

export interface PodNetworkFlags extends ClientFlags {
  readonly selector?: string;
  readonly to?: string;
}

const multitenant = 'redhat/openshift-ovs-multitenant';
/** Milliseconds for which the controller has not acted until that counts as an error, and between two looks. */
const patience = 15_000;
const between = 100;
const stopped = 'stopped before the controller had acted; it will unless the annotation of the NetNamespace is removed';

/** Throws Failure if the cluster's plugin has no joined namespaces. */
async function checkPlugin(client: KubeClient, signal: AbortSignal): Promise<void> {
  const network = await client.get<ClusterNetworkObject>(clusterNetworks, { name: 'default' }, { signal });
  if (network === undefined) throw new Failure('ClusterNetwork "default" does not exist');
  if (network.pluginName !== multitenant)
    throw new Failure(
      `using plugin: "${network.pluginName ?? ''}", managing pod network is only supported for openshift multitenant network plugin`,
    );
}

/**
 * What the arguments mean; throws Failure if they mean nothing. An empty selector, as of an unset variable, would mean
 * all namespaces of the cluster.
 */
function meantBy(names: readonly string[], selector: string | undefined): Meant {
  if (names.length > 0 === (selector !== undefined))
    throw new Failure('give either names of namespaces or --selector', 2);
  if (selector?.trim() === '') throw new Failure('--selector is empty: it would mean all namespaces', 2);
  for (const name of names) checkName(name, 'namespace');
  return { names, selector };
}

function checkName(name: string, what: string): void {
  if (!canNameNamespace(name)) throw new Failure(`${what} ${JSON.stringify(name)}: no namespace has such a name`, 2);
}

function requestBy(kind: NetworkRequest['kind'], to = ''): NetworkRequest {
  if (kind !== 'join') return { kind };
  checkName(to, '--to');
  return { kind, to };
}

async function namesOf(client: KubeClient, { names, selector }: Meant, signal: AbortSignal): Promise<string[]> {
  if (selector === undefined) return [...new Set(names)];
  const { items } = await client.list<KubeObject>(namespaces, { labelSelector: selector, signal });
  const found = items.map(({ metadata }) => metadata.name ?? '').sort();
  if (found.length === 0) throw new Failure(`no namespace has the labels ${JSON.stringify(selector)}`);
  return found;
}

/** Why the VNID is not what was asked for; undefined if it is. */
async function complaint(
  client: KubeClient,
  change: NetworkRequest,
  { netid }: NetNamespaceObject,
  signal: AbortSignal,
): Promise<string | undefined> {
  const refused = `its VNID is ${netid} all the same: the controller refused, which the Event NetworkChangeRefused of its NetNamespace says, or somebody else asked for another change`;
  switch (change.kind) {
    case 'global':
      return netid === globalVnid() ? undefined : refused;
    case 'isolate':
      return netid === globalVnid() ? refused : undefined;
    case 'join': {
      const to = await client.get<NetNamespaceObject>(netNamespaces, { name: change.to }, { signal });
      return to?.netid === netid ? undefined : refused;
    }
  }
}

/** Asks for one namespace, and waits until the controller has acted; throws with the reason if it has not. */
async function changeOne(client: KubeClient, name: string, change: NetworkRequest, signal: AbortSignal): Promise<void> {
  const text = networkRequestText(change);
  const annotations = { [changeNetworkAnnotation]: text };
  const asked = await changeFresh<NetNamespaceObject>(
    client,
    { kind: netNamespaces, ref: { name }, change: (present) => guarded(present, {}, { annotations }) },
    signal,
  );
  if (asked === undefined) throw new Error('it has no NetNamespace');
  const end = performance.now() + patience;
  for (;;) {
    const present = await client.get<NetNamespaceObject>(netNamespaces, { name }, { signal });
    if (present?.metadata.uid !== asked.metadata.uid || present === undefined)
      throw new Error('its NetNamespace was removed meanwhile');
    const pending = present.metadata.annotations?.[changeNetworkAnnotation];
    if (pending === undefined) {
      const why = await complaint(client, change, present, signal);
      if (why !== undefined) throw new Error(why);
      return;
    }
    if (pending !== text) throw new Error(`somebody else asked for ${JSON.stringify(pending)} meanwhile`);
    if (performance.now() > end)
      throw new Error(`the controller has not acted within ${patience / 1_000} s; it will when it runs`);
    await pause(between, signal);
  }
}

/** Changes the pod network of each namespace; goes on after one that fails, and throws Failure with all reasons then. */
export async function changePodNetwork(
  client: KubeClient,
  meant: Meant,
  change: NetworkRequest,
  signal: AbortSignal,
): Promise<void> {
  await checkPlugin(client, signal);
  const target = change.kind === 'join' ? change.to : undefined;
  if (target !== undefined && (await client.get(netNamespaces, { name: target }, { signal })) === undefined)
    throw new Failure(`--to ${JSON.stringify(target)}: there is no NetNamespace of that name`);
  const reasons: string[] = [];
  for (const name of await namesOf(client, meant, signal)) {
    if (signal.aborted) break;
    await changeOne(client, name, change, signal).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      reasons.push(`namespace ${JSON.stringify(name)}: ${signal.aborted ? stopped : why}`);
    });
  }
  if (reasons.length > 0) throw new Failure(`the pod network was not changed: ${reasons.join('; ')}`);
}

/** Runs one of the subcommands. */
export async function runPodNetwork(
  kind: NetworkRequest['kind'],
  names: readonly string[],
  flags: PodNetworkFlags,
): Promise<void> {
  const [meant, change] = [meantBy(names, flags.selector), requestBy(kind, flags.to)];
  const client = await openClient(flags, 'sdn-compat-pod-network');
  await changePodNetwork(client, meant, change, untilSignal()).finally(() => client.close());
}
