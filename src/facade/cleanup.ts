/** Removes what the facade made from OVN-Kubernetes' objects, from Nodes and from Namespaces. What users wrote comes back. */
import { egressFirewalls, egressIPs, type Kind, namespaces, networkPolicies, nodes } from '../../api/kinds.ts';
import { removeObject } from '../controllers/remove.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { isConflict } from '../io/kube/error.ts';
import { assignableLabel, ovnMulticast } from '../migrate/targets/ovn/marks/annotations.ts';
import { cidrsAnnotation, isolationPolicy } from '../migrate/targets/ovn/marks/origin.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import { mergeInto } from './merge-into.ts';
import { isOurs } from './plan/egressip.ts';
import { firewallStep } from './plan/firewall.ts';
import { isKept } from './plan/isolation.ts';
import { labeledAnnotation, multicastMark, probeName } from './plan/marks.ts';
import type { MergePatch } from './plan/merge-patch.ts';

/** What is to be done with one object: a merge patch, or its deletion. */
export interface Removal {
  readonly kind: Kind;
  readonly object: KubeObject;
  readonly patch: MergePatch | undefined;
}

/** Decides what becomes of the object; undefined if it is not ours in any part. Pure. */
export function removalOf(kind: Kind, object: KubeObject): Removal | undefined {
  switch (kind) {
    case egressIPs:
      return isOurs(object) || object.metadata.name === probeName ? { kind, object, patch: undefined } : undefined;
    case egressFirewalls:
      return firewallRemoval(object);
    case networkPolicies:
      return object.metadata.name === isolationPolicy && isKept(object)
        ? { kind, object, patch: undefined }
        : undefined;
    case nodes:
      return metadataRemoval(kind, object, {
        mark: labeledAnnotation,
        labels: [assignableLabel],
        annotations: [cidrsAnnotation],
      });
    case namespaces:
      return metadataRemoval(kind, object, { mark: multicastMark, labels: [], annotations: [ovnMulticast] });
    default:
      return undefined;
  }
}

function firewallRemoval(object: KubeObject): Removal | undefined {
  if (object.metadata.name !== 'default') return undefined;
  const { namespace = '' } = object.metadata;
  const step = firewallStep(object, { namespace, isClosed: false, closedRules: [], rules: undefined });
  if (step.kind === 'delete') return { kind: egressFirewalls, object, patch: undefined };
  return step.kind === 'patch' ? { kind: egressFirewalls, object, patch: step.patch } : undefined;
}

interface Marked {
  readonly mark: string;
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
}

function metadataRemoval(kind: Kind, object: KubeObject, { mark, labels, annotations }: Marked): Removal | undefined {
  if (object.metadata.annotations?.[mark] === undefined) return undefined;
  const none = (keys: readonly string[]): object => Object.fromEntries(keys.map((key) => [key, null]));
  return { kind, object, patch: { metadata: { labels: none(labels), annotations: none([mark, ...annotations]) } } };
}

/** The kinds in the order of their removal: a firewall that closes a namespace goes last. */
const kinds: readonly Kind[] = [egressIPs, nodes, namespaces, networkPolicies, egressFirewalls];

/** Removes all of it. Calls `tell` with each object; goes on after a failure, and returns how many there were. */
export async function cleanUp(client: KubeClient, tell: (line: string) => void, signal: AbortSignal): Promise<number> {
  let failures = 0;
  for (const kind of kinds) {
    const found = await client.list<KubeObject>(kind, { signal }).catch((error: unknown) => {
      failures += 1;
      tell(`${kind.kind}: ${textOf(error)}`);
    });
    for (const one of found?.items ?? []) {
      const { namespace, name = '' } = one.metadata;
      const text = `${kind.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
      try {
        const done = await remove(client, kind, one, signal);
        if (done !== undefined) tell(`${text}: ${done}`);
      } catch (error) {
        failures += 1;
        tell(`${text}: ${textOf(error)}`);
      }
    }
  }
  return failures;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Removes what is ours of one object, starting from its newest state if it has changed. Returns what was done. */
async function remove(
  client: KubeClient,
  kind: Kind,
  found: KubeObject,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { namespace, name = '' } = found.metadata;
  const ref = namespace === undefined ? { name } : { name, namespace };
  let object: KubeObject | undefined = found;
  for (let attempt = 0; object !== undefined; attempt += 1) {
    const removal = removalOf(kind, object);
    if (removal === undefined) return undefined;
    try {
      return await carryOut(client, removal, signal);
    } catch (error) {
      if (!isConflict(error) || attempt === 5) throw error;
      object = await client.get<KubeObject>(kind, ref, { signal });
    }
  }
  return undefined;
}

async function carryOut(client: KubeClient, { kind, object, patch }: Removal, signal: AbortSignal): Promise<string> {
  if (patch === undefined) {
    await removeObject(client, kind, object, signal);
    return 'deleted';
  }
  await mergeInto(client, kind, { live: object, patch }, signal);
  return 'given back';
}
