/**
 * Tells an object that somebody deleted from one that went with its kind, as when OpenShift's operator removes the old
 * plugin: then another definition has been made since.
 */
import { customResourceDefinitions, type Kind } from '../../../api/kinds.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isForbidden } from '../../io/kube/error.ts';
import { resourceName } from '../../migrate/ref.ts';
import type { KubeObject } from '../../model/objects/raw.ts';

/** What is known of an object that is gone. */
export interface Loss {
  readonly kind: Kind;
  /** When it was made, in whole seconds. */
  readonly made: string;
  /** The uid of the definition that was known when it went; undefined if none had been read. */
  readonly definition: string | undefined;
}

export class Losses {
  readonly #client: KubeClient;
  readonly #known = new Map<Kind, string>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Reads the definition of the kind; undefined if there is none, or it may not be read. */
  async read(kind: Kind, signal: AbortSignal): Promise<KubeObject | undefined> {
    const definition = await this.#client.get<KubeObject>(
      customResourceDefinitions,
      { name: resourceName(kind) },
      { signal },
    );
    const uid = definition?.metadata.uid;
    if (uid !== undefined) this.#known.set(kind, uid);
    return definition;
  }

  /** To be called when the object goes. */
  lost(kind: Kind, object: KubeObject | undefined): Loss {
    return { kind, made: object?.metadata.creationTimestamp ?? '', definition: this.#known.get(kind) };
  }

  /** Why it is gone. Unknown if the definition may not be read. Fails while the kind is not served, or about to go. */
  async why(
    { kind, made, definition: known }: Loss,
    signal: AbortSignal,
  ): Promise<'deleted' | 'with its kind' | 'unknown'> {
    const definition = await this.read(kind, signal).catch((error: unknown) => {
      if (!isForbidden(error)) throw error;
      return 'unknown' as const;
    });
    if (definition === 'unknown') return definition;
    if (definition === undefined || definition.metadata.deletionTimestamp !== undefined)
      throw new Error(`the API server does not serve ${resourceName(kind)}`);
    const { creationTimestamp = '', uid } = definition.metadata;
    return creationTimestamp > made || (known !== undefined && known !== uid) ? 'with its kind' : 'deleted';
  }
}
