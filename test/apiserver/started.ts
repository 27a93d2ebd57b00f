/** A real server with the project's CRDs, and a client that reads its kubeconfig from a file, for tests. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crds } from '../../api/crds.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../../src/apiserver/serve/server.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { openKube } from '../../src/io/kube/config.ts';
import { createLogger } from '../../src/io/log.ts';

export const logger = createLogger({ level: 'silent', name: 'test' });

export interface Started {
  readonly server: ApiServer;
  readonly client: KubeClient;
  /** A folder that goes when the server is stopped; `kubeconfig` is in it. */
  readonly folder: string;
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

export async function start(options: Partial<ApiServerOptions> = {}): Promise<Started> {
  const server = await startApiServer({ listen: { host: '127.0.0.1', port: 0 }, crds, logger, ...options });
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-test-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, server.kubeconfig);
  const client = await openKube({ kubeconfig, logger, userAgent: 'sdn-compat-test' });
  return {
    server,
    client,
    folder,
    kubeconfig,
    stop: async () => {
      client.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a kubeconfig of the embedded server holds: the token, and the certificate authority in base64. */
export async function credentialsOf(
  kubeconfig: string,
): Promise<{ readonly token: string; readonly authority: string }> {
  const text = await readFile(kubeconfig, 'utf8');
  return {
    token: /token: (\S+)/.exec(text)?.[1] ?? '',
    authority: /certificate-authority-data: >?-?\s*(\S+)/.exec(text)?.[1] ?? '',
  };
}
