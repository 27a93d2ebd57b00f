/** `node --cleanup`: removes everything that an agent ever made on this host. Missing things are not errors. */
import type { Exec } from '../../io/programs/exec.ts';
import { linkedPods, removeLink } from '../cni/attach.ts';
import { removeAllLimits } from '../cni/pods.ts';
import { oursAmong } from '../links/addresses.ts';
import { PresentAddresses } from '../links/present.ts';
import { takeOff } from '../links/promotion.ts';
import type { AddressRecord } from '../links/record.ts';
import { nftTables } from '../nft/vocabulary.ts';
import { Ovsdb } from '../ovs/ovsdb.ts';
import { bridge, guard } from '../ovs/pipeline.ts';

async function removeBridge(ovsdbSocket: string): Promise<string[]> {
  const ovsdb = await Ovsdb.open(ovsdbSocket);
  try {
    const found = ovsdb.find('Bridge', bridge);
    if (found === undefined) {
      await ovsdb.transact([removeAllLimits]);
      return [];
    }
    const mutations = [['bridges', 'delete', ['set', [['uuid', found.uuid]]]]];
    await ovsdb.configure([{ op: 'mutate', table: 'Open_vSwitch', where: [], mutations }]);
    await ovsdb.transact([removeAllLimits]);
    return [`bridge ${bridge}`];
  } finally {
    ovsdb.close();
  }
}

async function removeGuard(run: Exec): Promise<string[]> {
  const removed: string[] = [];
  for (const priority of [guard.rulePriority, guard.rulePriority + 1, guard.rulePriority + 2]) {
    const gone = await run('ip', ['rule', 'del', 'pref', String(priority), 'protocol', String(guard.protocol)]);
    if (gone.status === 0) removed.push(`ip rule ${priority}`);
  }
  await run('ip', ['route', 'flush', 'table', String(guard.routeTable)]);
  await run('ip', ['route', 'flush', 'proto', String(guard.protocol)]);
  return removed;
}

async function removeAddresses(run: Exec, record: AddressRecord): Promise<string[]> {
  const ours = oursAmong(await new PresentAddresses(run, record).list());
  await takeOff(run, ours);
  await record.remove(ours);
  return ours.map(({ ip, device }) => `address ${ip} of ${device}`);
}

async function removePods(run: Exec): Promise<string[]> {
  const removed: string[] = [];
  for (const { device, namespace, ip } of await linkedPods(run)) {
    await removeLink(run, device);
    removed.push(`interface ${device} of a pod of ${namespace} (${ip})`);
  }
  return removed;
}

async function removeTables(run: Exec): Promise<string[]> {
  const removed: string[] = [];
  for (const name of Object.values(nftTables)) {
    const gone = await run('nft', ['delete', 'table', ...name.split(' ')]);
    if (gone.status === 0) removed.push(`nft table ${name}`);
  }
  return removed;
}

/** What was removed, and why some things could not be. */
export interface Cleaned {
  readonly removed: readonly string[];
  readonly failures: readonly string[];
}

/**
 * Removes everything of ours, addresses without label by the loaded record; a failed step does not stop the others. The
 * agent must not be running.
 */
export async function cleanup(run: Exec, ovsdbSocket: string, record: AddressRecord): Promise<Cleaned> {
  const steps = [
    () => removeAddresses(run, record),
    () => removeBridge(ovsdbSocket),
    removePods,
    removeTables,
    removeGuard,
  ];
  const removed: string[] = [];
  const failures: string[] = [];
  for (const step of steps) {
    try {
      removed.push(...(await step(run)));
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { removed, failures };
}
