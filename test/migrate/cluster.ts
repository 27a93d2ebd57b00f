/** A whole cluster on the embedded API server, a plan for it, and what OVN-Kubernetes would write. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crds } from '../../api/crds.ts';
import { customResourceDefinitions, egressFirewalls, egressIPs, type Kind, nodes } from '../../api/kinds.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { ovnDefinitions } from '../../src/lab/ovn/definitions.ts';
import { type Finding } from '../../src/migrate/findings/finding.ts';
import { makeSnapshot } from '../../src/migrate/input/make-snapshot.ts';
import { egressIPItem } from '../../src/migrate/kinds/egressip.ts';
import { bearsOurMark, isPlanManager } from '../../src/migrate/ownership.ts';
import { writePlan } from '../../src/migrate/plan/folder.ts';
import { planOf } from '../../src/migrate/plan/make.ts';
import { type Plan } from '../../src/migrate/plan/plan.ts';
import { type ApplyOptions, type ApplyOutcome, applyPlan } from '../../src/migrate/run/apply/apply.ts';
import { contentOf } from '../../src/migrate/run/drift.ts';
import { type Snapshot } from '../../src/migrate/snapshot.ts';
import { kindOf, plannedKinds } from '../../src/migrate/targets.ts';
import type { Change, Placement } from '../../src/migrate/translation.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';
import { asList, fieldOf } from '../../src/model/values/json.ts';
import { start, type Started } from '../apiserver/started.ts';
import { clusterCRDs } from './crds.ts';

export const applyDefaults: ApplyOptions = {
  dryRun: false,
  force: false,
  finalize: false,
  strict: false,
  acceptBlockers: false,
  acceptIncomplete: false,
  acceptChanges: false,
  acceptUnwell: false,
  skip: [],
  timeout: 2_000,
  patience: 200,
};

/** Starts a server; OVN-Kubernetes' own kinds come with `switchToOVN`, unless `withOVN`. */
export function startCluster(withOVN = false): Promise<Started> {
  return start({ crds: [...crds, ...clusterCRDs, ...(withOVN ? ovnDefinitions : [])] });
}

export async function create(client: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const { apiVersion = '', kind = '' } = object;
    await client.create(kindOf({ apiVersion, kind })!, object, { fieldManager: 'admin' });
  }
}

/** All objects that a plan could touch, without what the server itself keeps, by kind, namespace and name. */
export async function objectsOn(
  client: KubeClient,
  kinds: readonly Kind[] = plannedKinds,
): Promise<readonly KubeObject[]> {
  const lists = await Promise.all(
    kinds.map(async (kind) =>
      client.list(kind).then(
        ({ items }) => items,
        () => [],
      ),
    ),
  );
  return lists.flat();
}

/** The objects without versions, uids and times: what two clusters that are the same have in common. */
export async function dump(client: KubeClient, kinds?: readonly Kind[]): Promise<Record<string, unknown>> {
  const objects = await objectsOn(client, kinds);
  return Object.fromEntries(
    objects.map((object) => {
      const { labels, annotations, name, namespace } = object.metadata;
      return [
        `${object.kind ?? ''} ${namespace ?? ''}/${name ?? ''}`,
        { ...contentOf(object), labels: labels ?? {}, annotations: annotations ?? {} },
      ];
    }),
  );
}

/** Whether a plan of ours wrote any of its fields. */
export function isMarked(object: KubeObject): boolean {
  return bearsOurMark(object, isPlanManager);
}

export async function snapshot(client: KubeClient): Promise<Snapshot> {
  const objects = await objectsOn(client);
  return makeSnapshot(Map.groupBy(objects, ({ apiVersion, kind }) => `${apiVersion ?? ''}/${kind ?? ''}`));
}

export interface Migration {
  readonly plan: Plan;
  readonly folder: string;
  apply(
    changes?: Partial<ApplyOptions>,
    client?: KubeClient,
    signal?: AbortSignal,
  ): Promise<ApplyOutcome & { readonly said: readonly string[]; readonly told: readonly string[] }>;
  remove(): Promise<void>;
}

/** Writes a plan of these changes for the cluster as it is. */
export async function planFor(
  client: KubeClient,
  changes: readonly Change[],
  more: {
    readonly findings?: readonly Finding[];
    readonly placement?: ReadonlyMap<string, Placement>;
    readonly plan?: Partial<Plan>;
  } = {},
): Promise<Migration> {
  const translation = { changes, findings: more.findings ?? [], placement: more.placement ?? new Map() };
  const plan = {
    ...planOf({
      tool: 'test',
      target: more.plan?.target ?? 'ovn',
      options: {},
      strict: false,
      snapshot: await snapshot(client),
      translation,
    }),
    ...more.plan,
  };
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-apply-'));
  const written = await writePlan(folder, plan);
  if (!written.ok) throw new Error(written.error);
  return {
    plan,
    folder,
    apply: async (options = {}, by = client, signal = new AbortController().signal) => {
      const said: string[] = [];
      const told: string[] = [];
      const outcome = await applyPlan(
        {
          client: by,
          folder,
          plan: () => Promise.resolve(plan),
          signal,
          report: (line) => said.push(line),
          progress: (line) => told.push(line),
        },
        { ...applyDefaults, ...options },
      );
      return { ...outcome, said, told };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What ovnkube-node writes on every node, and the CRDs of OVN-Kubernetes. */
export async function switchToOVN(client: KubeClient): Promise<void> {
  for (const crd of ovnDefinitions) await client.create(customResourceDefinitions, crd).catch(() => undefined);
  for (const [index, { metadata, ...node }] of (await client.list(nodes)).items.entries()) {
    const ip = String(fieldOf(asList(fieldOf(node, 'status', 'addresses'))[0], 'address'));
    const annotations = {
      'k8s.ovn.org/node-primary-ifaddr': `{"ipv4":"${ip}/24"}`,
      'k8s.ovn.org/node-subnets': `{"default":["10.128.${2 * index}.0/23"]}`,
      'k8s.ovn.org/host-cidrs': `["${ip}/24"]`,
    };
    await client.patch(
      nodes,
      { name: metadata.name ?? '' },
      { metadata: { annotations } },
      { type: 'merge', fieldManager: 'ovnkube' },
    );
  }
}

/**
 * What OVN-Kubernetes answers: every IP on the first labeled node that has none of the object, and every firewall
 * applied.
 */
export async function serveOVN(client: KubeClient): Promise<void> {
  const labeled = (await client.list(nodes)).items
    .filter(({ metadata }) => metadata.labels?.['k8s.ovn.org/egress-assignable'] !== undefined)
    .map(({ metadata }) => metadata.name);
  for (const object of (await client.list(egressIPs)).items) {
    const items = egressIPItem(object).egressIPs.flatMap((egressIP, index) =>
      labeled[index] === undefined ? [] : [{ egressIP, node: labeled[index] }],
    );
    await client.patch(
      egressIPs,
      { name: object.metadata.name ?? '' },
      { status: { items } },
      { type: 'merge', fieldManager: 'ovnkube' },
    );
  }
  for (const { metadata } of (await client.list(egressFirewalls)).items) {
    const ref = { name: 'default', namespace: metadata.namespace ?? '' };
    await client.patch(
      egressFirewalls,
      ref,
      { status: { status: 'EgressFirewall Rules applied' } },
      { type: 'merge', fieldManager: 'ovnkube', subresource: 'status' },
    );
  }
}
