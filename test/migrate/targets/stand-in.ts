/** What stands in for a target's own parts in tests: its kinds, its agents, its controller and its webhook. */
import { apiVersionOf, customResourceDefinitions, type Kind, namespaces, nodes } from '../../../api/kinds.ts';
import type { KubeClient } from '../../../src/io/kube/client.ts';
import { ApiError, isNotFound } from '../../../src/io/kube/error.ts';
import { nodeItem } from '../../../src/migrate/kinds/node.ts';
import { switchedAnnotation } from '../../../src/migrate/run/switched.ts';
import type { Target } from '../../../src/migrate/target.ts';
import type { KubeObject, LabelSelectorObject } from '../../../src/model/objects/raw.ts';
import { matches } from '../../../src/model/objects/selector.ts';

export interface StandIn {
  readonly target: Target;
  /** Its kinds, in our own words, with what its schemas refuse. */
  readonly definitions: readonly KubeObject[];
  /** Folder of the project's own definitions, where they are. */
  readonly folder: string;
  /** What its agents write when they run on all nodes. */
  readonly run: (client: KubeClient) => Promise<void>;
  /** What its controller does with the objects that are there. */
  readonly act: (client: KubeClient) => Promise<void>;
  /** Whether it reports nothing, so that all is well as soon as its objects are there. */
  readonly isSilent?: true;
  /** What is in the cluster before, besides NetNamespaces and HostSubnets, with its kind. */
  readonly workloads?: readonly { readonly kind: Kind; readonly object: KubeObject }[];
  /** Why its webhook refuses the write; undefined if it does not. `there`: all objects of its kinds. */
  readonly refuses?: (write: Write, there: readonly KubeObject[]) => string | undefined;
}

/** A write of an object: what it is, and what it becomes; undefined where there is none. */
export interface Write {
  readonly was: KubeObject | undefined;
  readonly wanted: KubeObject | undefined;
}

/** Schemas of a text and of a label selector. */
export const text = { type: 'string' };
export const selector = {
  type: 'object',
  properties: {
    matchLabels: { type: 'object', additionalProperties: text },
    matchExpressions: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          key: text,
          operator: { type: 'string', enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] },
          values: { type: 'array', items: text },
        },
      },
    },
  },
};

/** Installs its kinds, and lets its agents run. */
export async function install(standIn: StandIn, client: KubeClient): Promise<void> {
  for (const crd of standIn.definitions) await client.create(customResourceDefinitions, crd).catch(() => undefined);
  await standIn.run(client);
  // what the admin says of a target that runs beside any plugin
  if (standIn.target.networkType === undefined) {
    const metadata = { annotations: { [switchedAnnotation]: standIn.target.name } };
    await client.patch(namespaces, { name: 'kube-system' }, { metadata }, { type: 'merge', fieldManager: 'admin' });
  }
}

/** A client whose writes pass the stand-in's webhook, as those of an API server do. */
export function admitted({ refuses, target, act }: StandIn, inner: KubeClient): KubeClient {
  if (refuses === undefined) return inner;
  let acting = Promise.resolve();
  const check = async (kind: Kind, name: string, wanted: KubeObject | undefined): Promise<void> => {
    if (!target.makes.includes(kind)) return;
    const lists = await Promise.all(target.makes.map((one) => inner.list(one)));
    const there = lists.flatMap(({ items }) => items);
    const was = there.find((one) => one.kind === kind.kind && one.metadata.name === name);
    const reason = refuses({ was, wanted }, there);
    if (reason !== undefined) throw denied(`admission webhook denied the request: ${reason}`);
  };
  return {
    ...inner,
    get: (kind, ref, given) => inner.get(kind, ref, given),
    list: (kind, given) => inner.list(kind, given),
    newestVersion: (kind, given) => inner.newestVersion(kind, given),
    count: (kind, given) => inner.count(kind, given),
    log: (ref, given) => inner.log(ref, given),
    create: async (kind, object, given) => {
      await check(kind, object.metadata.name ?? '', object);
      return inner.create(kind, object, given);
    },
    patch: async (kind, ref, body, given) => {
      if (given.type === 'apply') await check(kind, ref.name, body as KubeObject);
      return inner.patch(kind, ref, body, given);
    },
    delete: async (kind, ref, given) => {
      await check(kind, ref.name, undefined);
      await inner.delete(kind, ref, given);
      // its controller lets go of what the object held, one thing after another
      if (target.makes.includes(kind)) {
        acting = acting.then(() => act(inner));
        await acting;
      }
    },
    watch: (kind, request) => inner.watch(kind, request),
    close: () => undefined,
  };
}

function denied(message: string): ApiError {
  return new ApiError(403, { reason: 'Forbidden', message });
}

/** Names of the Ready Nodes with these labels, sorted. */
export async function readyNodes(client: KubeClient, selector: LabelSelectorObject): Promise<readonly string[]> {
  const { items } = await client.list(nodes);
  return items
    .map(nodeItem)
    .filter(({ ready, labels }) => ready === 'True' && matches(selector, labels))
    .map(({ name }) => name)
    .sort();
}

/** Names of all Nodes. */
export async function nodeNames(client: KubeClient): Promise<readonly string[]> {
  return (await client.list(nodes)).items.map(({ metadata }) => metadata.name ?? '');
}

/** What an agent on every node says of itself: an object of the node's name with these fields, which only it writes. */
export async function reportNodes(client: KubeClient, kind: Kind, fields: object): Promise<void> {
  for (const name of await nodeNames(client)) {
    const object = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name }, ...fields };
    await client.create(kind, object, { fieldManager: 'agent' }).catch(() => undefined);
  }
}

/** Writes the status, as its controller does. */
export async function setStatus(
  client: KubeClient,
  kind: Kind,
  { metadata }: KubeObject,
  status: object,
): Promise<void> {
  const { name = '', namespace } = metadata;
  const ref = namespace === undefined ? { name } : { name, namespace };
  const options = { type: 'merge', fieldManager: 'controller', subresource: 'status' } as const;
  await client.patch(kind, ref, { status }, options).catch((error: unknown) => {
    if (!isNotFound(error)) throw error; // it was deleted since
  });
}
