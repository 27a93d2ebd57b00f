/** `node --cleanup`: removes everything that an agent ever made on this host. Missing things are not errors. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Exec, ExecError } from '../../io/programs/exec.ts';
import { fieldOf } from '../../model/values/json.ts';
import { linkedPods, removeLink } from '../cni/attach.ts';
import { removeAllLimits } from '../cni/pods.ts';
import { isServed } from '../cni/server.ts';
import { oursAmong } from '../links/addresses.ts';
import { hasDevice, PresentAddresses } from '../links/present.ts';
import { takeOff } from '../links/promotion.ts';
import type { AddressRecord } from '../links/record.ts';
import { nftTables } from '../nft/vocabulary.ts';
import { Ovsdb } from '../ovs/ovsdb.ts';
import { bridge, guard, tunDevice } from '../ovs/pipeline.ts';
import { type Folders, installed } from './surroundings.ts';

export interface CleanupOptions {
  readonly nodeName: string;
  readonly ovsdbSocket: string;
  readonly cniSocket: string;
  /** Where the agent's first container put the plugin and its configuration. */
  readonly cni: Folders;
}

/** What was removed, and why some things could not be. */
export interface Cleaned {
  readonly removed: readonly string[];
  readonly failures: readonly string[];
}

/** Runs a program that removes something; false if it says that this is not there, or that the kernel has no such thing. */
async function gone(run: Exec, program: string, ...args: readonly string[]): Promise<boolean> {
  const result = await run(program, args);
  if (result.status === 0) return true;
  if (/No such file or directory|does not exist|not supported/i.test(result.stderr)) return false;
  throw new ExecError(program, args, result);
}

async function fileGone(path: string): Promise<boolean> {
  try {
    await rm(path, { recursive: true });
    return true;
  } catch (error) {
    if (fieldOf(error, 'code') === 'ENOENT') return false;
    throw error;
  }
}

function wordsOf(error: unknown): string {
  const [syscall, code] = [fieldOf(error, 'syscall'), fieldOf(error, 'code')];
  if (code === 'ENOENT' && typeof syscall === 'string' && syscall.startsWith('spawn '))
    return `${syscall.slice(6)} is not installed`;
  return error instanceof Error ? error.message : String(error);
}

/** Opens OVSDB; throws with what to do if it does not answer. */
async function openOvsdb(socket: string): Promise<Ovsdb> {
  return Ovsdb.open(socket).catch((error: unknown) => {
    throw new Error(`${bridge}: start Open vSwitch, or name its directory with --ovs-run-dir: ${wordsOf(error)}`);
  });
}

async function bridgeGone(ovsdbSocket: string): Promise<boolean> {
  const ovsdb = await openOvsdb(ovsdbSocket);
  try {
    const found = ovsdb.find('Bridge', bridge);
    if (found !== undefined) {
      const mutations = [['bridges', 'delete', ['set', [['uuid', found.uuid]]]]];
      await ovsdb.configure([{ op: 'mutate', table: 'Open_vSwitch', where: [], mutations }]);
    }
    await ovsdb.transact([removeAllLimits]);
    return found !== undefined;
  } finally {
    ovsdb.close();
  }
}

/** Files that agents keep beside their socket, and the socket. */
function stateFiles({ nodeName, cniSocket }: CleanupOptions): readonly string[] {
  const kept = ['network', 'names', 'addresses', 'drains'].map((what) =>
    join(dirname(cniSocket), `${nodeName}.${what}.json`),
  );
  return [cniSocket, ...kept.flatMap((file) => [file, `${file}.new`])];
}

class Cleanup {
  readonly removed: string[] = [];
  readonly failures = new Set<string>();
  readonly #run: Exec;
  readonly #options: CleanupOptions;

  constructor(run: Exec, options: CleanupOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Does a step; one that fails stops no other. */
  async #step(work: () => Promise<unknown>): Promise<void> {
    await work().catch((error: unknown) => this.failures.add(wordsOf(error)));
  }

  /** Removes one thing; the removal says whether it was there. */
  #remove(what: string, removal: () => Promise<boolean>): Promise<void> {
    return this.#step(async () => {
      if (await removal()) this.removed.push(what);
    });
  }

  async all(record: AddressRecord): Promise<void> {
    const { cni, ovsdbSocket } = this.#options;
    for (const file of [
      join(cni.configs, installed.config),
      join(cni.plugins, installed.plugin),
      join(cni.plugins, installed.program),
    ])
      await this.#remove(`file ${file}`, () => fileGone(file));
    await this.#step(() => this.#addresses(record));
    await this.#remove(`bridge ${bridge}`, () => bridgeGone(ovsdbSocket));
    await this.#step(() => this.#pods());
    await this.#step(() => this.#guards());
    // what is left is found by them the next time
    if (this.failures.size > 0) return;
    for (const file of stateFiles(this.#options)) await this.#remove(`file ${file}`, () => fileGone(file));
  }

  async #addresses(record: AddressRecord): Promise<void> {
    const ours = oursAmong(await new PresentAddresses(this.#run, record).list());
    await takeOff(this.#run, ours);
    await record.remove(ours);
    this.removed.push(...ours.map(({ ip, device }) => `address ${ip} of ${device}`));
  }

  async #pods(): Promise<void> {
    for (const { device, namespace, ip } of await linkedPods(this.#run)) {
      await this.#remove(`interface ${device} of a pod of ${namespace} (${ip})`, async () => {
        await removeLink(this.#run, device);
        if (await hasDevice(device)) throw new Error(`interface ${device} cannot be removed`);
        return true;
      });
    }
  }

  /** What keeps packets of the bridge from leaving with a wrong address stays for as long as the bridge. */
  async #guards(): Promise<void> {
    if (await hasDevice(tunDevice))
      throw new Error(`nft tables and ip rules stay for as long as ${tunDevice} is there`);
    for (const name of Object.values(nftTables)) {
      await this.#remove(`nft table ${name}`, () => gone(this.#run, 'nft', 'delete', 'table', ...name.split(' ')));
    }
    const protocol = String(guard.protocol);
    for (const priority of [guard.rulePriority, guard.rulePriority + 1, guard.rulePriority + 2]) {
      const rule = ['rule', 'del', 'pref', String(priority), 'protocol', protocol];
      await this.#remove(`ip rule ${priority}`, () => gone(this.#run, 'ip', ...rule));
    }
    for (const routes of [
      ['table', String(guard.routeTable)],
      ['proto', protocol],
    ])
      await this.#step(() => gone(this.#run, 'ip', 'route', 'flush', ...routes));
  }
}

/**
 * Removes everything of ours, addresses without label by the loaded record. Does nothing while an agent answers at its
 * socket, which would make it all again.
 */
export async function cleanup(run: Exec, options: CleanupOptions, record: AddressRecord): Promise<Cleaned> {
  if (await isServed(options.cniSocket))
    return { removed: [], failures: [`an agent runs on this node and answers at ${options.cniSocket}: end it first`] };
  const work = new Cleanup(run, options);
  await work.all(record);
  return { removed: work.removed, failures: [...work.failures] };
}
