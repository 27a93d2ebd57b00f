/** `tokenFile` of a kubeconfig's users, which kubectl reads and the client library passes over. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { asList, asText, fieldOf } from '../../model/values/json.ts';

/** The kubeconfigs that are read when none is named. */
function defaultFiles(): readonly string[] {
  const named = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  return named.length > 0 ? named : [join(homedir(), '.kube/config')];
}

/** The file with the token of a user, by the user's name; a path is relative to the kubeconfig that has it. */
async function tokenFilesIn(kubeconfig: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(kubeconfig, 'utf8').catch(() => '');
  if (!text.includes('tokenFile')) return new Map();
  const { load } = await import('js-yaml');
  const users = asList(fieldOf(load(text), 'users'));
  return new Map(
    users.flatMap((one) => {
      const file = fieldOf(one, 'user', 'tokenFile');
      return typeof file === 'string' ? [[asText(fieldOf(one, 'name')), resolve(dirname(kubeconfig), file)]] : [];
    }),
  );
}

/** Has the users of the configuration take their tokens from these files, which come before a token as in kubectl. */
export async function useTokenFiles(config: KubeConfig, kubeconfig: string | undefined): Promise<void> {
  const kubeconfigs = kubeconfig === undefined ? defaultFiles() : [kubeconfig];
  const found = await Promise.all(kubeconfigs.map(tokenFilesIn));
  config.users = config.users.map((user) => {
    const tokenFile = found.find((files) => files.has(user.name))?.get(user.name);
    if (tokenFile === undefined) return user;
    // as the library has it for the service account of a pod: read again every minute
    return { ...user, token: '', authProvider: { name: 'tokenFile', config: { tokenFile } } };
  });
}
