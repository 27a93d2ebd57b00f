/** What the API server serves of OVN-Kubernetes' kinds, and what the facade cannot do without it. */
import { customResourceDefinitions, egressFirewalls, egressIPs, type Kind } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isForbidden, isNotFound, isRefused } from '../../io/kube/error.ts';
import type { Logger } from '../../io/log.ts';
import { type DefinitionItem, definitionItem } from '../../migrate/kinds/definition.ts';
import { resourceName } from '../../migrate/ref.ts';
import { nodesField, servedOf } from '../../migrate/targets/ovn/served.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import type { Definitions } from '../world.ts';

const needed: readonly Kind[] = [egressIPs, egressFirewalls];
const again = 5_000;

/** Waits until the API server serves OVN-Kubernetes' kinds, and says what is missing. */
export async function untilServed(client: KubeClient, logger: Logger, signal: AbortSignal): Promise<void> {
  let told = '';
  while (!signal.aborted) {
    const problems = (await Promise.all(needed.map((kind) => problemWith(client, kind, signal)))).filter(
      (problem) => problem !== undefined,
    );
    if (problems.length === 0) return;
    const text = problems.join('; ');
    if (text !== told) logger.error(`${text}: nothing is done until they are served and may be read`);
    told = text;
    await pause(again, signal);
  }
}

async function problemWith(client: KubeClient, kind: Kind, signal: AbortSignal): Promise<string | undefined> {
  try {
    await client.newestVersion(kind, { signal });
    return undefined;
  } catch (error) {
    if (isNotFound(error))
      return `the API server does not serve ${resourceName(kind)}: OVN-Kubernetes is not installed`;
    if (isForbidden(error)) return `${resourceName(kind)} may not be read`;
    return `${resourceName(kind)} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Reads their definitions, and says what follows from them. What cannot be read is unknown, and counts as absent. */
export async function readDefinitions(client: KubeClient, logger: Logger, signal: AbortSignal): Promise<Definitions> {
  const list: DefinitionItem[] = [];
  const unread: Definitions['unread'][number][] = [];
  for (const kind of needed) {
    const name = resourceName(kind);
    try {
      const object = await definitionOf(client, name, logger, signal);
      if (object !== undefined) list.push(definitionItem(object));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const right = isForbidden(error) ? `get ${resourceName(customResourceDefinitions)}` : undefined;
      unread.push({ kind: customResourceDefinitions, name, reason, right });
    }
  }
  const served = servedOf({ definitions: list, unread }, undefined);
  const names = served.nodesInEgressIPs;
  if (names.kind !== 'known') logger.warn({ unread }, `whether EgressIPs can name nodes is unknown: they name none`);
  else
    logger.info(
      names.value
        ? `EgressIPs name their nodes (${nodesField})`
        : 'EgressIPs of this OVN-Kubernetes cannot name nodes: egress IPs are placed by their status, where it believes that',
    );
  return { list, unread };
}

/** Asks until there is an answer: what is taken for unknown would be taken from EgressIPs. A refusal is one, too. */
async function definitionOf(
  client: KubeClient,
  name: string,
  logger: Logger,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  for (;;) {
    try {
      return await client.get<KubeObject>(customResourceDefinitions, { name }, { signal });
    } catch (error) {
      if (isRefused(error) || signal.aborted) throw error;
      logger.warn({ err: error, name }, 'a definition could not be read and is read again');
      await pause(1_000, signal);
    }
  }
}
