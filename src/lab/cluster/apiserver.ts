/** The API server of a lab: the embedded one, or one that is already there, which the lab's nodes reach by a relay. */
import { readFile } from 'node:fs/promises';
import { clusterNetworks, customResourceDefinitions, nodes as nodeKind } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { openKube } from '../../io/kube/config.ts';
import type { Logger } from '../../io/log.ts';
import type { Exec } from '../../io/programs/exec.ts';
import { ok, type Result } from '../../model/values/result.ts';
import { files, type Layout } from '../layout.ts';
import { isRunning, startDaemon } from '../nodes/daemons.ts';
import { ovnDefinitions } from '../ovn/definitions.ts';
import { accounts, writeAccount } from './accounts.ts';
import { takeConfig } from './given.ts';
import { moveIn, moveOut } from './guest.ts';
import { clusterNetwork, nodeObject } from './objects.ts';

export interface LabDeps {
  readonly exec: Exec;
  readonly logger: Logger;
  /** The command of this program: program and first arguments. */
  readonly self: readonly [string, ...string[]];
}

interface Server {
  /** The name of its process. */
  readonly name: string;
  readonly kubeconfig: string;
  readonly argv: readonly string[];
}

/** Starts a process that clients reach as an API server, and waits until it answers. */
async function startServer(deps: LabDeps, layout: Layout, { name, kubeconfig, argv }: Server): Promise<KubeClient> {
  const started = await startDaemon(layout, { name, argv: [...deps.self, ...argv] });
  const end = performance.now() + 20_000 * layout.pace;
  for (;;) {
    const client = await reachable(deps, kubeconfig);
    if (!(client instanceof Error)) return client;
    if (!(await isRunning(started)) || performance.now() > end)
      throw new Error(`the API server does not answer: ${(await lastLine(layout, name)) || client.message}`);
    await pause(20);
  }
}

async function reachable(deps: LabDeps, kubeconfig: string): Promise<KubeClient | Error> {
  if ((await readFile(kubeconfig, 'utf8').catch(() => '')) === '') return new Error('it wrote no kubeconfig');
  const client = await openKube({ kubeconfig, logger: deps.logger, userAgent: 'sdn-compat-lab' });
  const problem = await client.list(nodeKind).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  if (problem === undefined) return client;
  client.close();
  return problem;
}

/** The last line a process wrote, for an error message. */
export async function lastLine(layout: Layout, name: string): Promise<string> {
  const text = await readFile(files.log(layout, name), 'utf8').catch(() => '');
  return text.trimEnd().split('\n').at(-1) ?? '';
}

/** Starts the embedded server, with the lab's Nodes. */
export async function serveOwn(deps: LabDeps, layout: Layout): Promise<Result<void>> {
  const listen = ['--listen', `127.0.0.1:${layout.port}`, '--socket', files.api(layout)];
  const kept = ['--data-dir', files.apiData(layout), '--write-kubeconfig', files.kubeconfig(layout)];
  const client = await startServer(deps, layout, {
    name: 'apiserver',
    kubeconfig: files.kubeconfig(layout),
    argv: ['apiserver', ...listen, ...kept],
  });
  await client.create(clusterNetworks, clusterNetwork);
  if (layout.ovn !== undefined) {
    await Promise.all(ovnDefinitions.map((one) => client.create(customResourceDefinitions, one)));
    await serveUnderlay(deps, layout, layout.ovn.port);
  }
  await Promise.all(layout.nodes.map((node) => client.create(nodeKind, nodeObject(node))));
  client.close();
  return ok(undefined);
}

/** Starts the API server of the agents alone, which the stand-in for OVN-Kubernetes fills. */
async function serveUnderlay(deps: LabDeps, layout: Layout, port: number): Promise<void> {
  const kubeconfig = files.underlayKubeconfig(layout);
  const listen = ['--listen', `127.0.0.1:${port}`, '--socket', files.underlay(layout)];
  const kept = ['--data-dir', files.underlayData(layout), '--write-kubeconfig', kubeconfig];
  const server = { name: 'underlay', kubeconfig, argv: ['apiserver', ...listen, ...kept] };
  const client = await startServer(deps, layout, server);
  await client.create(clusterNetworks, clusterNetwork);
  client.close();
}

/** Takes the server of the kubeconfig, with the lab's Nodes, roles and what it lacks; an error if it is in use. */
export async function useGiven(deps: LabDeps, layout: Layout, kubeconfig: string): Promise<Result<void>> {
  await takeConfig(layout, kubeconfig);
  const client = await startServer(deps, layout, {
    name: 'apiserver',
    kubeconfig: files.kubeconfig(layout),
    argv: ['lab', 'relay', '--name', layout.name],
  });
  try {
    const moved = await moveIn(client, layout);
    if (!moved.ok) return moved;
    for (const account of accounts) await writeAccount(client, layout, account);
    return ok(undefined);
  } finally {
    client.close();
  }
}

/** Removes from a server that was there before what the lab made on it. */
export async function leaveGiven(logger: Logger, layout: Layout): Promise<void> {
  const kubeconfig = files.given(layout);
  const client = await openKube({ kubeconfig, logger, userAgent: 'sdn-compat-lab' });
  try {
    await moveOut(client, layout);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NotLeft(
      `what lab ${layout.name} made on the API server is not all removed (${why}); try again, or end the lab alone with: sdn-compat lab down --name ${layout.name} --leave-server`,
      { cause: error },
    );
  } finally {
    client.close();
  }
}

/** The server still has something of the lab. */
export class NotLeft extends Error {
  override readonly name = 'NotLeft';
}
