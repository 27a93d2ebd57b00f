/** Reads what else is on this machine, for the checks of surroundings.ts. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exec } from '../../io/programs/exec.ts';
import { asList, parseJson } from '../../model/values/json.ts';
import { type CheckResult, cniResults, confinementResult, type Folders, vxlanResult } from './surroundings.ts';

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

/** Checks that the port of our tunnels is free of others'; nothing if ip cannot be run. */
export async function checkVxlan(exec: Exec, port: number): Promise<CheckResult[]> {
  const shown = await exec('ip', ['-d', '-j', 'link', 'show', 'type', 'vxlan']).catch(() => undefined);
  if (shown?.status !== 0) return []; // that ip is missing is said already
  return [vxlanResult(listed(shown.stdout), port)];
}

/** What ip lists as JSON, which is nothing at all where there is none. */
function listed(text: string): readonly unknown[] {
  return text.trim() === '' ? [] : asList(parseJson(text));
}
