/** The ClusterNetwork `default` for the agent: while it is missing or invalid, the last valid one goes on. */
import type { Logger } from '../../io/log.ts';
import { type ClusterNetwork, parseClusterNetwork } from '../../model/objects/clusternetwork.ts';
import type { ClusterNetworkObject } from '../../model/objects/raw.ts';
import { err, ok, type Result } from '../../model/values/result.ts';

export class LastNetwork {
  readonly #logger: Logger;
  #valid: ClusterNetwork | undefined;
  /** What was parsed last, and its result. */
  #read: { readonly raw: ClusterNetworkObject | undefined; readonly result: Result<ClusterNetwork> } | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The network of this object, or the last valid one; the error says what is wrong with it if there was none yet. */
  read(raw: ClusterNetworkObject | undefined): Result<ClusterNetwork> {
    if (this.#read !== undefined && this.#read.raw === raw) return this.#read.result;
    const parsed = parsedOf(raw);
    if (parsed.ok) this.#valid = parsed.value;
    else if (this.#valid !== undefined)
      this.#logger.warn({ reason: parsed.error }, 'the last valid ClusterNetwork stays in use');
    const result = this.#valid === undefined ? parsed : ok(this.#valid);
    this.#read = { raw, result };
    return result;
  }
}

function parsedOf(raw: ClusterNetworkObject | undefined): Result<ClusterNetwork> {
  if (raw === undefined) return err('ClusterNetwork "default" does not exist');
  const parsed = parseClusterNetwork(raw);
  if (parsed.ok) return parsed;
  return err(parsed.error.map(({ field, reason }) => `ClusterNetwork "default": ${field} ${reason}`).join('; '));
}
