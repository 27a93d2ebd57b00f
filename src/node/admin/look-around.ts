/** Reads what else is on this machine, for the checks of surroundings.ts. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exec } from '../../io/programs/exec.ts';
import type { ClusterNetwork } from '../../model/objects/clusternetwork.ts';
import { asList, parseJson } from '../../model/values/json.ts';
import { tunDevice } from '../ovs/pipeline.ts';
import {
  type CheckResult,
  cniResults,
  confinementResult,
  droppingChains,
  type Folders,
  forwardResult,
  portResult,
  vxlanResult,
} from './surroundings.ts';

/** Checks the configurations and plugins that runtimes find. */
export async function checkCni(cni: Folders): Promise<CheckResult[]> {
  const names = await readdir(cni.configs).catch(() => []);
  const files = await Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(cni.configs, name), 'utf8').catch(() => '') })),
  );
  const plugins = new Set(await readdir(cni.plugins).catch(() => []));
  return cniResults(files, (plugin) => plugins.has(plugin), cni);
}

/** Checks whether a security module confines this process. */
export async function checkConfinement(): Promise<CheckResult> {
  // a kernel without a security module has no such file, or does not let it be read
  const context = await readFile('/proc/self/attr/current', 'utf8').catch(() => '');
  return confinementResult(context.replace('\0', '').trim());
}

/** Checks that the port of our tunnels is free of others'; nothing if neither ip nor ss can be run. */
export async function checkVxlan(exec: Exec, port: number): Promise<CheckResult[]> {
  const shown = await exec('ip', ['-d', '-j', 'link', 'show', 'type', 'vxlan']).catch(() => undefined);
  if (shown?.status !== 0) return []; // that ip is missing is said already
  const device = vxlanResult(listed(shown.stdout), port);
  if (device.fix !== undefined) return [device];
  const sockets = await exec('ss', ['-H', '-lunp', `sport = :${port}`]).catch(() => undefined);
  return [sockets?.status === 0 ? portResult(sockets.stdout, port) : device];
}

/** Checks that no chain drops all that pods send outside; nothing if nft cannot be run. */
export async function checkForward(exec: Exec, network: ClusterNetwork): Promise<CheckResult[]> {
  const list = async (...what: string[]): Promise<string> => {
    const { status, stdout } = await exec('nft', ['-j', 'list', ...what]);
    if (status !== 0) throw new Error('nft cannot list');
    return stdout;
  };
  try {
    const names = [tunDevice, ...network.networks.map(({ cidr }) => cidr.text.split('/')[0] ?? '')];
    const chains = droppingChains(parseJson(await list('chains')));
    return await Promise.all(
      chains.map(async (chain) => forwardResult(chain, await list('table', chain.family, chain.table), names)),
    );
  } catch {
    return []; // that nft is missing, or not allowed, is said already
  }
}

/** What ip lists as JSON, which is nothing at all where there is none. */
function listed(text: string): readonly unknown[] {
  return text.trim() === '' ? [] : asList(parseJson(text));
}
