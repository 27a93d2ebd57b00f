/** `sdn-compat apiserver`: the embedded API server alone, until SIGTERM. */
import { readFile, stat } from 'node:fs/promises';
import { crds } from '../../../api/crds.ts';
import { parseTokens, type ServiceAccountToken } from '../../apiserver/rights/tokens.ts';
import { type ApiServer, startApiServer } from '../../apiserver/serve/server.ts';
import { FolderInUse } from '../../apiserver/store/change-log.ts';
import { whenAborted } from '../../io/async/when-aborted.ts';
import { createLogger } from '../../io/log.ts';
import { replaceFile } from '../../io/state-file.ts';
import type { PortRange } from '../../model/objects/well-known.ts';
import { quoted } from '../../model/values/shell.ts';
import { Failure, untilSignal } from '../fail.ts';

export interface ApiServerArguments {
  readonly listen: string;
  readonly socket?: string;
  readonly dataDir?: string;
  readonly writeKubeconfig: string;
  readonly authorizationMode: 'always' | 'rbac';
  readonly serviceAccountTokens?: string;
  readonly serviceNodePortRange: PortRange;
}

function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535)
    throw new Failure(`--listen ${text}: not HOST:PORT, for example 127.0.0.1:6443`);
  return { host, port };
}

/** The tokens in the file; a Failure if it cannot be used, or if others may read it. */
async function tokensIn(path: string | undefined): Promise<readonly ServiceAccountToken[]> {
  if (path === undefined) return [];
  const where = `--service-account-tokens ${path}`;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Failure(`${where}: ${error instanceof Error ? error.message : 'unreadable'}`);
  });
  if (((await stat(path)).mode & 0o077) !== 0) throw new Failure(`${where}: others may read it: chmod 0600 it`);
  const parsed = parseTokens(text);
  if (!parsed.ok) throw new Failure(`${where}: line ${String(parsed.error)} is not NAMESPACE/NAME=TOKEN`);
  return parsed.value;
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

async function start(options: ApiServerArguments): Promise<ApiServer> {
  const logger = createLogger({ level: 'info', name: 'apiserver' });
  const places = {
    ...(options.socket === undefined ? {} : { socketPath: options.socket }),
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
  };
  const serviceAccounts = await tokensIn(options.serviceAccountTokens);
  const access = { authorization: options.authorizationMode, serviceAccounts, nodePorts: options.serviceNodePortRange };
  try {
    return await startApiServer({ listen: parseListen(options.listen), ...places, ...access, crds, logger });
  } catch (error) {
    if (isInUse(error)) throw new Failure(`${options.listen} is in use: choose another port with --listen`);
    if (error instanceof FolderInUse) throw new Failure(error.message);
    throw error;
  }
}

/** Serves until SIGTERM or SIGINT; writes the kubeconfig once requests are answered. */
export async function runApiServer(options: ApiServerArguments): Promise<void> {
  const stop = untilSignal();
  const server = await start(options);
  try {
    await writeKubeconfig(options.writeKubeconfig, server.kubeconfig);
    process.stdout.write(`serving ${server.url}; use it with: export KUBECONFIG=${quoted(options.writeKubeconfig)}\n`);
    await new Promise<void>((resolve) => whenAborted(stop, resolve));
  } finally {
    await server.close();
  }
}

/** In one step: a client that begins meanwhile finds the old one or the new one. */
async function writeKubeconfig(path: string, text: string): Promise<void> {
  await replaceFile(path, text).catch((error: unknown) => {
    throw new Failure(`--write-kubeconfig ${path}: ${error instanceof Error ? error.message : String(error)}`);
  });
}
