/** A large cluster of OpenShift on the embedded API server in a process of its own, for the guide to look at. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import omit from 'lodash/omit.js';
import {
  clusterVersions,
  customResourceDefinitions,
  infrastructures,
  type Kind,
  machineConfigPools,
  networkConfigs,
  networkOperators,
} from '../api/kinds.ts';
import { inParallel } from '../src/io/async/parallel.ts';
import type { KubeClient } from '../src/io/kube/client.ts';
import { openKube } from '../src/io/kube/config.ts';
import { createLogger } from '../src/io/log.ts';
import { wanted } from '../src/migrate/targets.ts';
import type { KubeObject } from '../src/model/objects/raw.ts';
import { beside, networkCRDs } from '../test/migrate/guide/openshift.ts';

export interface GuideCluster {
  readonly kubeconfig: string;
  readonly stop: () => void;
}

const cluster = { name: 'cluster' };
const own: readonly (readonly [Kind, object])[] = [
  [clusterVersions, { metadata: { name: 'version' }, spec: {}, status: { desired: { version: '4.16.9' } } }],
  [infrastructures, { metadata: cluster, spec: {}, status: { controlPlaneTopology: 'HighlyAvailable' } }],
  [
    networkConfigs,
    { metadata: cluster, spec: { networkType: 'OpenShiftSDN' }, status: { networkType: 'OpenShiftSDN' } },
  ],
  [networkOperators, { metadata: cluster, spec: {} }],
  [
    machineConfigPools,
    {
      metadata: { name: 'worker' },
      spec: { paused: false, configuration: { name: 'a' } },
      status: { machineCount: 0 },
    },
  ],
];

/** Starts the server, and makes the objects on it and what else an OpenShift has. */
export async function guideCluster(folder: string, objects: readonly object[]): Promise<GuideCluster> {
  const kubeconfig = join(folder, 'kubeconfig');
  const program = join(import.meta.dirname, '../bin/sdn-compat');
  const child = spawn(program, ['apiserver', '--listen', '127.0.0.1:0', '--write-kubeconfig', kubeconfig], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await answering(child);
    const client = await openKube({
      kubeconfig,
      logger: createLogger({ level: 'silent', name: 'bench' }),
      userAgent: 'bench',
    });
    await fill(client, objects);
    client.close();
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return { kubeconfig, stop: () => void child.kill('SIGKILL') };
}

function answering(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', () => reject(new Error('the API server did not start')));
  });
}

async function fill(client: KubeClient, objects: readonly object[]): Promise<void> {
  for (const crd of [...beside, ...networkCRDs(16)] as readonly KubeObject[])
    await client.create(customResourceDefinitions, crd);
  for (const [kind, object] of own) await client.create(kind, object as KubeObject);
  const known = (objects as readonly KubeObject[]).flatMap((object) => {
    const kind = wanted.kinds.find((one) => one.kind === object.kind);
    return kind === undefined ? [] : [[kind, object] as const];
  });
  await inParallel(known, 32, async ([kind, object]) => {
    await client.create(kind, { ...object, metadata: omit(object.metadata, ['uid', 'resourceVersion']) });
  });
}
