/**
 * Workloads and what they need besides pods. They are objects only: nothing runs a Deployment, a DaemonSet or a Job, and
 * nothing binds a PersistentVolumeClaim.
 */
import {
  daemonSets,
  deployments,
  jobs,
  persistentVolumeClaims,
  podDisruptionBudgets,
  serviceAccounts,
} from '../../../api/kinds.ts';
import type { JsonObject } from '../../model/values/json.ts';
import { plainColumns as columns } from './columns.ts';
import { atomic, identity, open, openObject, resource, text } from './definition.ts';
import { podSpec } from './pod-spec.ts';
import type { Resource } from './resource.ts';

const template = { ...openObject({ metadata: open, spec: podSpec }), description: 'The pods that it makes.' };
const selector = { ...atomic, description: 'Which pods are its own.' };
const intOrText = { 'x-kubernetes-int-or-string': true };
const count = { type: 'integer', format: 'int32' };

/** A kind of which only the parts of its spec that this project writes are known. */
function kindOf(description: string, spec: JsonObject, required: readonly string[]): JsonObject {
  return {
    description,
    type: 'object',
    required: ['spec'],
    properties: { ...identity, spec: openObject(spec, { required }), status: { ...open, default: {} } },
  };
}

const deployment = kindOf(
  'Pods that are replaced by others wherever they end.',
  {
    replicas: { ...count, default: 1, minimum: 0 },
    revisionHistoryLimit: { ...count, default: 10 },
    progressDeadlineSeconds: { ...count, default: 600 },
    strategy: openObject({ type: { ...text, default: 'RollingUpdate' } }, { default: {} }),
    selector,
    template,
  },
  ['selector', 'template'],
);

const daemonSet = kindOf(
  'A pod on each node.',
  {
    revisionHistoryLimit: { ...count, default: 10 },
    updateStrategy: openObject(
      {
        type: { ...text, default: 'RollingUpdate' },
        rollingUpdate: openObject(
          { maxSurge: { ...intOrText, default: 0 }, maxUnavailable: { ...intOrText, default: 1 } },
          { default: {} },
        ),
      },
      { default: {} },
    ),
    selector,
    template,
  },
  ['selector', 'template'],
);

const job = kindOf(
  'Pods that run until they have succeeded.',
  {
    backoffLimit: { ...count, default: 6 },
    completions: { ...count, default: 1 },
    parallelism: { ...count, default: 1 },
    completionMode: { ...text, default: 'NonIndexed' },
    suspend: { type: 'boolean', default: false },
    template,
  },
  ['template'],
);

const disruptionBudget = kindOf(
  'How many of some pods an eviction must leave.',
  { minAvailable: intOrText, maxUnavailable: intOrText, selector },
  [],
);

const claim = kindOf(
  'A volume that is asked for.',
  {
    accessModes: { type: 'array', items: text, minItems: 1 },
    resources: open,
    volumeMode: { ...text, default: 'Filesystem' },
  },
  ['accessModes', 'resources'],
);

const serviceAccount: JsonObject = {
  description: 'Who a pod is before the API server.',
  type: 'object',
  properties: {
    ...identity,
    automountServiceAccountToken: { type: 'boolean' },
    secrets: { type: 'array', items: open },
    imagePullSecrets: { type: 'array', items: open },
  },
};

/** Deployment, DaemonSet, Job, PodDisruptionBudget, PersistentVolumeClaim and ServiceAccount. */
export const workloadResources: readonly Resource[] = [
  resource({
    kind: deployments,
    schema: deployment,
    columns,
    shortNames: ['deploy'],
    categories: ['all'],
    hasStatus: true,
  }),
  resource({
    kind: daemonSets,
    schema: daemonSet,
    columns,
    shortNames: ['ds'],
    categories: ['all'],
    hasStatus: true,
  }),
  resource({ kind: jobs, schema: job, columns, categories: ['all'], hasStatus: true }),
  resource({
    kind: podDisruptionBudgets,
    schema: disruptionBudget,
    columns,
    shortNames: ['pdb'],
    hasStatus: true,
  }),
  resource({ kind: persistentVolumeClaims, schema: claim, columns, shortNames: ['pvc'], hasStatus: true }),
  resource({ kind: serviceAccounts, schema: serviceAccount, columns, shortNames: ['sa'] }),
];
