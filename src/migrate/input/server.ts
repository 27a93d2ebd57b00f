/** Reads a snapshot from an API server, without writing. What the user may not read is reported and left out. */
import { configMaps, type Kind } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { ApiError, isNotFound } from '../../io/kube/error.ts';
import { inParallel } from '../../io/parallel.ts';
import type { KubeObject } from '../../model/objects.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { mentionsMacvlan } from '../kinds/workload.ts';
import { resourceName } from '../ref.ts';
import type { Snapshot, Unread } from '../snapshot.ts';
import { installConfig, macvlanKinds, namespacesOf, sdnKinds, shapeOf, snapshotOf, sourceKinds } from './source.ts';

const atOnce = 4;
/** Pods and workloads are large. Of each page only egress routers are kept. */
const pageSize = 500;

/**
 * Lists all kinds. One of the `needed` kinds must have objects. A kind that is not served is empty, a forbidden one is
 * unread; any other failure is the reason returned.
 */
export async function snapshotFromServer(
  client: KubeClient,
  progress: (what: string) => void,
  needed = sdnKinds,
): Promise<Result<Snapshot>> {
  const reader = new Reader(client, progress);
  try {
    await inParallel([...sourceKinds, ...macvlanKinds], atOnce, (kind) => reader.read(kind));
    await reader.readConfigMaps();
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
  const { found, unread } = reader;
  const nothing = needed.every(
    (kind) => (found.get(kind) ?? []).length === 0 && !unread.some((one) => one.kind === kind),
  );
  return nothing
    ? err(`the cluster has no ${needed.map(({ kind }) => kind).join(' and no ')}, so nothing to migrate`)
    : ok(snapshotOf(found, unread));
}

class Reader {
  readonly found = new Map<Kind, readonly KubeObject[]>();
  readonly unread: Unread[] = [];
  readonly #client: KubeClient;
  readonly #progress: (what: string) => void;

  constructor(client: KubeClient, progress: (what: string) => void) {
    this.#client = client;
    this.#progress = progress;
  }

  async read(kind: Kind): Promise<void> {
    this.#progress(`reading ${kind.plural}`);
    const options = macvlanKinds.includes(kind) ? { pageSize, filter: mentionsMacvlan } : {};
    await this.#unlessForbidden(kind, `list ${resourceName(kind)}`, async () => {
      const { items } = await this.#client.list<KubeObject>(kind, options);
      this.found.set(
        kind,
        items.map((item) => checked(kind, item)),
      );
    });
  }

  /** Reads only the ConfigMaps that may matter: there can be many, and they can hold anything. */
  async readConfigMaps(): Promise<void> {
    const routers = namespacesOf(macvlanKinds.flatMap((kind) => this.found.get(kind) ?? []));
    const maps: KubeObject[] = [];
    await this.#unlessForbidden(
      configMaps,
      `get configmap ${installConfig.name} in ${installConfig.namespace}`,
      async () => {
        const config = await this.#client.get<KubeObject>(configMaps, installConfig);
        if (config !== undefined) maps.push(checked(configMaps, config));
      },
    );
    for (const namespace of routers) {
      await this.#unlessForbidden(configMaps, `list configmaps in ${namespace}`, async () => {
        const { items } = await this.#client.list<KubeObject>(configMaps, { namespace });
        maps.push(...items.map((item) => checked(configMaps, item)));
      });
    }
    this.found.set(configMaps, maps);
  }

  async #unlessForbidden(kind: Kind, right: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isNotFound(error)) return;
      const reason = error instanceof Error ? error.message : String(error);
      if (!(error instanceof ApiError) || error.code !== 403)
        throw new Error(`cannot read ${resourceName(kind)}: ${reason}`, { cause: error });
      this.unread.push({ kind, reason, right });
    }
  }
}

function checked(kind: Kind, item: KubeObject): KubeObject {
  const object = shapeOf(kind, item);
  if (object.ok) return object.value;
  throw new Error(`${kind.kind} ${item.metadata.name ?? ''}: ${object.error.field} ${object.error.reason}`);
}
