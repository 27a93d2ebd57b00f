/** Reads a snapshot from an API server, without writing. What the user may not read is reported and left out. */
import { configMaps, customResourceDefinitions, type Kind } from '../../../api/kinds.ts';
import { inParallel } from '../../io/async/parallel.ts';
import type { KubeClient, ListOptions } from '../../io/kube/client.ts';
import { ApiError, isNotFound } from '../../io/kube/error.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import { installConfig, mtuConfigMap } from '../kinds/configmap.ts';
import { mentionsMacvlan } from '../kinds/workload.ts';
import { type ObjectRef, resourceName } from '../ref.ts';
import { objectsOf, type Snapshot, type Unread } from '../snapshot.ts';
import { shapeOf, snapshotOf } from './make-snapshot.ts';
import { macvlanKinds, macvlanOnly, minorKinds, namespacesOf, obstacleKinds, type Wanted } from './source.ts';

const atOnce = 4;
/** Pods and workloads are large. Of each page only egress routers are kept. */
const pageSize = 500;

/**
 * Lists all kinds. One of the `needed` kinds must have objects. A kind that is not served is empty, a forbidden one is
 * unread; any other failure is the reason returned.
 */
export async function snapshotFromServer(
  client: KubeClient,
  { needed, ...reading }: Reading & { readonly needed: readonly Kind[] },
): Promise<Result<Snapshot>> {
  try {
    const snapshot = await readServer(client, reading);
    const nothing = needed.every(
      (kind) => objectsOf(snapshot, kind).length === 0 && !snapshot.unread.some((one) => one.kind === kind),
    );
    return nothing
      ? err(`the cluster has no ${needed.map(({ kind }) => kind).join(' and no ')}, so nothing to migrate`)
      : ok(snapshot);
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error));
  }
}

export interface Reading extends Wanted {
  /** Called with each kind before it is read. */
  readonly progress?: (what: string) => void;
  readonly signal?: AbortSignal;
  /** An earlier snapshot, whose egress routers and ConfigMaps are taken as they were: they are slow to find. */
  readonly since?: Snapshot;
}

/** Lists all kinds. Throws if something cannot be read for another reason than a missing right. */
export async function readServer(client: KubeClient, reading: Reading): Promise<Snapshot> {
  const reader = new Reader(client, reading);
  const { since, kinds } = reading;
  await inParallel(
    since === undefined ? [...kinds, ...minorKinds, ...macvlanOnly(reading)] : [...kinds, customResourceDefinitions],
    atOnce,
    (kind) => reader.read(kind),
  );
  if (since === undefined) await reader.readConfigMaps();
  else reader.take(since, [...obstacleKinds, ...macvlanOnly(reading), configMaps]);
  const notFound = since?.notFound ?? reader.notFound;
  return snapshotOf(reader.found, reader.unread, { absent: reader.absent, notFound });
}

/**
 * What a read that failed shows of the kind: undefined if the API server does not serve it, the server's words if a
 * right is missing. Throws, naming the kind, for any other failure.
 */
export function refusalOf(error: unknown, kind: Kind): string | undefined {
  if (isNotFound(error)) return undefined;
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof ApiError && error.code === 403) return reason;
  throw new Error(`cannot read ${resourceName(kind)}: ${reason}`, { cause: error });
}

/** What is read of a kind of which not every object matters. */
function selectionOf(kind: Kind, wanted: Wanted): ListOptions {
  return macvlanOnly(wanted).includes(kind) ? { pageSize, filter: mentionsMacvlan } : {};
}

class Reader {
  readonly found = new Map<Kind, readonly KubeObject[]>();
  readonly unread: Unread[] = [];
  readonly absent: Kind[] = [];
  readonly notFound: ObjectRef[] = [];
  readonly #client: KubeClient;
  readonly #reading: Reading;
  readonly #request: { readonly signal?: AbortSignal };

  constructor(client: KubeClient, reading: Reading) {
    this.#client = client;
    this.#reading = reading;
    this.#request = reading.signal === undefined ? {} : { signal: reading.signal };
  }

  /** Takes these kinds as they were read then, and what could not be read of them. */
  take(since: Snapshot, kinds: readonly Kind[]): void {
    for (const kind of kinds) this.found.set(kind, objectsOf(since, kind));
    this.unread.push(...since.unread.filter(({ kind }) => kinds.includes(kind)));
  }

  async read(kind: Kind): Promise<void> {
    this.#reading.progress?.(`reading ${kind.plural}`);
    if (kind === customResourceDefinitions) return this.#readDefinitions();
    await this.#unlessForbidden(kind, `list ${resourceName(kind)}`, async () => {
      const { items } = await this.#client.list<KubeObject>(kind, {
        ...selectionOf(kind, this.#reading),
        ...this.#request,
      });
      this.found.set(kind, this.#shaped(kind, items));
    });
  }

  /** Reads the few that matter one by one: there can be hundreds, and they are large. */
  async #readDefinitions(): Promise<void> {
    const kind = customResourceDefinitions;
    const definitions: KubeObject[] = [];
    for (const name of this.#reading.definitions.map(resourceName)) {
      const work = async (): Promise<void> => {
        const selection = { fieldSelector: `metadata.name=${name}`, ...this.#request };
        const { items } = await this.#client.list<KubeObject>(kind, selection);
        definitions.push(...this.#shaped(kind, items));
      };
      await this.#unlessForbidden(kind, `list ${resourceName(kind)} ${name}`, work, { isMinor: true, name });
    }
    this.found.set(kind, definitions);
  }

  /** Reads only the ConfigMaps that may matter: there can be many, and they can hold anything. */
  async readConfigMaps(): Promise<void> {
    const routers = namespacesOf(macvlanKinds.flatMap((kind) => this.found.get(kind) ?? []).filter(mentionsMacvlan));
    const maps: KubeObject[] = [];
    await this.#unlessForbidden(
      configMaps,
      `get configmap ${installConfig.name} in ${installConfig.namespace}`,
      async () => {
        const config = await this.#client.get<KubeObject>(configMaps, installConfig, this.#request);
        if (config !== undefined) maps.push(...this.#shaped(configMaps, [config]));
      },
    );
    const { namespace: operator, name: mtu } = mtuConfigMap;
    await this.#unlessForbidden(
      configMaps,
      `list configmaps in ${operator}`,
      async () => {
        const selection = { namespace: operator, fieldSelector: `metadata.name=${mtu}`, ...this.#request };
        const { items } = await this.#client.list<KubeObject>(configMaps, selection);
        maps.push(...this.#shaped(configMaps, items));
        if (items.length === 0) this.notFound.push({ apiVersion: 'v1', kind: configMaps.kind, ...mtuConfigMap });
      },
      { isMinor: true },
    );
    for (const namespace of routers) {
      await this.#unlessForbidden(configMaps, `list configmaps in ${namespace}`, async () => {
        const { items } = await this.#client.list<KubeObject>(configMaps, { namespace, ...this.#request });
        maps.push(...this.#shaped(configMaps, items));
      });
    }
    this.found.set(configMaps, maps);
  }

  async #unlessForbidden(
    kind: Kind,
    right: string,
    work: () => Promise<void>,
    { isMinor = minorKinds.includes(kind), name }: { readonly isMinor?: boolean; readonly name?: string } = {},
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      const reason = refusalOf(error, kind);
      const more = { ...(isMinor ? { isMinor } : {}), ...(name === undefined ? {} : { name }) };
      if (reason !== undefined) this.unread.push({ kind, reason, right, ...more });
      else if (!this.absent.includes(kind)) this.absent.push(kind);
    }
  }

  /** The objects that can be used. Another one is unread, and stops nothing else. */
  #shaped(kind: Kind, items: readonly KubeObject[]): readonly KubeObject[] {
    return items.flatMap((item) => {
      const object = shapeOf(kind, item);
      if (object.ok) return [object.value];
      const reason = `${kind.kind} ${item.metadata.name ?? ''}: ${object.error.field} ${object.error.reason}`;
      this.unread.push({ kind, reason, right: undefined });
      return [];
    });
  }
}
