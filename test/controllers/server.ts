/**
 * The API server of the controllers' tests: the embedded one, or with SDN_COMPAT_TEST_KUBECONFIG any other. Tests make
 * and delete nodes and namespaces there, so it must have no nodes when it is first used: anything else is refused.
 */
import { crds } from '../../api/crds.ts';
import {
  cloudPrivateIPConfigs,
  clusterNetworks,
  customResourceDefinitions,
  egressNetworkPolicies,
  events,
  hostSubnets,
  type Kind,
  namespaces,
  netNamespaces,
  nodes,
} from '../../api/kinds.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { openKube } from '../../src/io/kube/config.ts';
import { isAlreadyExists, isNotFound } from '../../src/io/kube/error.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { asList, fieldOf } from '../../src/model/values/json.ts';
import { logger, start } from '../apiserver/started.ts';
import { until } from './started.ts';

export interface Server {
  readonly client: KubeClient;
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

const made: readonly Kind[] = [
  clusterNetworks,
  nodes,
  namespaces,
  hostSubnets,
  netNamespaces,
  egressNetworkPolicies,
  cloudPrivateIPConfigs,
  events,
];
/** The namespace that says that the server is for tests. */
const mark = { name: 'sdn-compat-tests' } as const;
const isTests = (kind: Kind, { metadata: { name = '' } }: KubeObject): boolean =>
  kind !== namespaces || !/^(default|kube-.*|openshift.*|sdn-compat-tests)$/.test(name);

/** What a server serves and tests make, beside what the controllers' do. */
export interface More {
  readonly definitions?: readonly object[];
  readonly kinds?: readonly Kind[];
}

async function remaining(client: KubeClient, kind: Kind): Promise<readonly KubeObject[]> {
  const { items } = await client.list(kind).catch((error: unknown) => {
    if (isNotFound(error)) return { items: [] };
    throw error;
  });
  return items.filter((object) => isTests(kind, object));
}

/** Deletes all objects of these kinds that tests make, and waits until they are gone. */
async function wipe(client: KubeClient, kinds: readonly Kind[]): Promise<void> {
  for (let round = 0; round < 600; round += 1) {
    const left = (
      await Promise.all(kinds.map(async (kind) => (await remaining(client, kind)).map((object) => ({ kind, object }))))
    ).flat();
    if (left.length === 0) return;
    for (const {
      kind,
      object: {
        metadata: { name = '', namespace, finalizers = [] },
      },
    } of left) {
      const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
      if (finalizers.length > 0)
        await client.patch(kind, ref, { metadata: { finalizers: null } }, { type: 'merge' }).catch(() => undefined);
      await client.delete(kind, ref);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the API server does not let go of what tests made; does its namespace controller run?');
}

/** Serves another kind, unless it is served already. */
export async function define(client: KubeClient, crd: KubeObject): Promise<void> {
  await client.create(customResourceDefinitions, crd).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
  const { name = '' } = crd.metadata;
  await until(`${name} is served`, async () => {
    const conditions = asList(fieldOf(await client.get(customResourceDefinitions, { name }), 'status', 'conditions'));
    return conditions.some((one) => fieldOf(one, 'type') === 'Established' && fieldOf(one, 'status') === 'True');
  });
}

async function outside(kubeconfig: string, { definitions = [], kinds = [] }: More): Promise<Server> {
  const client = await openKube({ kubeconfig, logger, userAgent: 'sdn-compat-test' });
  if ((await client.get(namespaces, mark)) === undefined) {
    const [node] = (await client.list(nodes)).items;
    if (node !== undefined)
      throw new Error(
        `SDN_COMPAT_TEST_KUBECONFIG: the cluster has a node, ${node.metadata.name ?? ''}: these tests delete nodes and namespaces, use an empty API server`,
      );
    await client.create(namespaces, { metadata: mark });
  }
  for (const crd of [...crds, ...definitions]) await define(client, crd as KubeObject);
  const all = [...kinds, ...made];
  await wipe(client, all);
  return {
    client,
    kubeconfig,
    stop: async () => {
      await wipe(client, all);
      client.close();
    },
  };
}

/** A server without objects of earlier tests. */
export async function startServer(more: More = {}): Promise<Server> {
  const kubeconfig = process.env['SDN_COMPAT_TEST_KUBECONFIG'] ?? '';
  return kubeconfig === '' ? start({ crds: [...crds, ...(more.definitions ?? [])] }) : outside(kubeconfig, more);
}
