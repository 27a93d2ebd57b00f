/**
 * The ClusterNetwork `default` for the agent: while it is missing or invalid, the last valid one goes on. It is stored in
 * a file, so that this also holds for a restarted agent.
 */
import isEmpty from 'lodash/isEmpty.js';
import isEqual from 'lodash/isEqual.js';
import pickBy from 'lodash/pickBy.js';
import type { Logger } from '../../io/log.ts';
import { readState, writeState } from '../../io/state-file.ts';
import { type ClusterNetwork, parseClusterNetwork } from '../../model/objects/clusternetwork.ts';
import { excludedAnnotation } from '../../model/objects/egressrules.ts';
import type { ClusterNetworkObject } from '../../model/objects/raw.ts';
import { clusterNetworkShape } from '../../model/objects/shapes.ts';
import { err, ok, type Result } from '../../model/values/result.ts';

export class LastNetwork {
  readonly #logger: Logger;
  readonly #file: string;
  #valid: ClusterNetwork | undefined;
  /** What the file has. */
  #stored: unknown;
  #saving: Promise<void> = Promise.resolve();
  /** What was parsed last, and its result. */
  #read: { readonly raw: ClusterNetworkObject | undefined; readonly result: Result<ClusterNetwork> } | undefined;

  constructor(logger: Logger, file: string) {
    this.#logger = logger;
    this.#file = file;
  }

  /** Loads what an earlier agent stored. Await it before the first `read`. An unreadable file counts as none. */
  async load(): Promise<void> {
    this.#stored = await readState(this.#file, this.#logger, 'the last valid ClusterNetwork cannot be read');
    const raw = clusterNetworkShape(this.#stored);
    const parsed = raw.ok ? parsedOf(raw.value) : raw;
    if (parsed.ok) this.#valid = parsed.value;
  }

  /** The network of this object, or the last valid one; the error says what is wrong with it if there was none yet. */
  read(raw: ClusterNetworkObject | undefined): Result<ClusterNetwork> {
    if (this.#read !== undefined && this.#read.raw === raw) return this.#read.result;
    const parsed = parsedOf(raw);
    if (parsed.ok) {
      this.#valid = parsed.value;
      this.#save(raw);
    } else if (this.#valid !== undefined)
      this.#logger.warn({ reason: parsed.error }, 'the last valid ClusterNetwork stays in use');
    const result = this.#valid === undefined ? parsed : ok(this.#valid);
    this.#read = { raw, result };
    return result;
  }

  #save(raw: ClusterNetworkObject | undefined): void {
    const annotations = pickBy(raw?.metadata.annotations, (_, name) => name === excludedAnnotation);
    const wanted = { ...raw, metadata: { name: 'default', ...(isEmpty(annotations) ? {} : { annotations }) } };
    if (isEqual(wanted, this.#stored)) return;
    this.#stored = wanted;
    this.#saving = this.#saving
      .then(() => writeState(this.#file, wanted))
      .catch((error: unknown) =>
        this.#logger.warn({ file: this.#file, err: error }, 'the last valid ClusterNetwork cannot be kept'),
      );
  }

  /** Resolves when everything is in the file. */
  saved(): Promise<void> {
    return this.#saving;
  }
}

function parsedOf(raw: ClusterNetworkObject | undefined): Result<ClusterNetwork> {
  if (raw === undefined) return err('ClusterNetwork "default" does not exist');
  const parsed = parseClusterNetwork(raw);
  if (parsed.ok) return parsed;
  return err(parsed.error.map(({ field, reason }) => `ClusterNetwork "default": ${field} ${reason}`).join('; '));
}
