/** Removes what the facade made from OVN-Kubernetes' objects, from Nodes and from Namespaces. What users wrote comes back. */
import {
  egressFirewalls,
  egressIPs,
  type Kind,
  namespaces,
  netNamespaces,
  networkPolicies,
  nodes,
} from '../../api/kinds.ts';
import { removeObject } from '../controllers/remove.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { isConflict } from '../io/kube/error.ts';
import { assignableLabel, ovnMulticast } from '../migrate/targets/ovn/marks/annotations.ts';
import { cidrsAnnotation, isolationPolicy } from '../migrate/targets/ovn/marks/origin.ts';
import type { KubeObject } from '../model/objects/raw.ts';
import { mergeInto } from './merge-into.ts';
import { isOurs } from './plan/egressip.ts';
import { firewallStep, type Kept, keptIn } from './plan/firewall.ts';
import { isKept } from './plan/isolation.ts';
import { keptAnnotation, labeledAnnotation, multicastMark, probeName } from './plan/marks.ts';
import type { MergePatch } from './plan/merge-patch.ts';

/** What is to be done with one object: a merge patch, or its deletion. */
export interface Removal {
  readonly kind: Kind;
  readonly object: KubeObject;
  readonly patch: MergePatch | undefined;
}

/** Decides what becomes of the object; undefined if it is not ours in any part. Pure. */
export function removalOf(kind: Kind, object: KubeObject, kept?: Kept): Removal | undefined {
  switch (kind) {
    case egressIPs:
      return isOurs(object) || object.metadata.name === probeName ? { kind, object, patch: undefined } : undefined;
    case egressFirewalls:
      return firewallRemoval(object, kept);
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
    case netNamespaces:
      return metadataRemoval(kind, object, { mark: keptAnnotation, labels: [], annotations: [] });
    case namespaces:
      return metadataRemoval(kind, object, { mark: multicastMark, labels: [], annotations: [ovnMulticast] });
    default:
      return undefined;
  }
}

function firewallRemoval(object: KubeObject, kept: Kept | undefined): Removal | undefined {
  if (object.metadata.name !== 'default') return undefined;
  const { namespace = '' } = object.metadata;
  const step = firewallStep(object, { namespace, isClosed: false, closedRules: [], rules: undefined, kept });
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
const kinds: readonly Kind[] = [egressIPs, nodes, namespaces, networkPolicies, egressFirewalls, netNamespaces];

/** What the NetNamespaces keep of users' rules; nothing if they cannot be read: the firewalls have it too. */
async function keptRules(client: KubeClient, signal: AbortSignal): Promise<ReadonlyMap<string, Kept>> {
  const found = await client.list<KubeObject>(netNamespaces, { signal }).catch(() => undefined);
  return new Map(
    (found?.items ?? []).flatMap(({ metadata: { name = '', annotations } }) => {
      const kept = keptIn(annotations?.[keptAnnotation]);
      return kept === undefined ? [] : [[name, kept] as const];
    }),
  );
}

/** Removes all of it. Calls `tell` with each object; goes on after a failure, and returns how many there were. */
export async function cleanUp(client: KubeClient, tell: (line: string) => void, signal: AbortSignal): Promise<number> {
  let failures = 0;
  const kept = await keptRules(client, signal);
  let owing: ReadonlySet<string> = new Set();
  for (const kind of kinds) {
    const failed = await cleanKind({ client, tell, kept, owing }, kind, signal);
    failures += failed.length;
    if (kind === egressFirewalls) owing = new Set(failed.includes('') ? kept.keys() : failed);
  }
  return failures;
}

interface Cleaning {
  readonly client: KubeClient;
  readonly tell: (line: string) => void;
  readonly kept: ReadonlyMap<string, Kept>;
  /** Namespaces whose rules are still to be given back: what is kept of them stays. */
  readonly owing: ReadonlySet<string>;
}

/** Returns the namespaces in which something failed; empty where it was something else, or the list. */
async function cleanKind(
  { client, tell, kept, owing }: Cleaning,
  kind: Kind,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const failed: string[] = [];
  const found = await client.list<KubeObject>(kind, { signal }).catch((error: unknown) => {
    failed.push('');
    tell(`${kind.kind}: ${textOf(error)}`);
  });
  for (const one of found?.items ?? []) {
    const { namespace = '', name = '' } = one.metadata;
    if (kind === netNamespaces && owing.has(name)) continue;
    const text = `${kind.kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
    try {
      const done = await remove(client, { kind, found: one, kept: kept.get(namespace) }, signal);
      if (done !== undefined) tell(`${text}: ${done}`);
    } catch (error) {
      failed.push(namespace);
      tell(`${text}: ${textOf(error)}`);
    }
  }
  return failed;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Removes what is ours of one object, starting from its newest state if it has changed. Returns what was done. */
async function remove(
  client: KubeClient,
  { kind, found, kept }: { readonly kind: Kind; readonly found: KubeObject; readonly kept: Kept | undefined },
  signal: AbortSignal,
): Promise<string | undefined> {
  const { namespace, name = '' } = found.metadata;
  const ref = namespace === undefined ? { name } : { name, namespace };
  let object: KubeObject | undefined = found;
  for (let attempt = 0; object !== undefined; attempt += 1) {
    const removal = removalOf(kind, object, kept);
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
