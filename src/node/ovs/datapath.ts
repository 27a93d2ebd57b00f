/** Which of Open vSwitch's datapaths br0 has: the kernel's (`system`) or the one in ovs-vswitchd (`netdev`). */
import { existsSync } from 'node:fs';
import type { Exec } from '../../io/programs/exec.ts';
import { err, ok, type Result } from '../../model/values/result.ts';
import type { Datapath } from '../values/facts.ts';
import type { Ovsdb } from './ovsdb.ts';
import { bridge } from './pipeline.ts';

export type DatapathOption = Datapath | 'auto';

export interface DatapathChoice {
  readonly datapath: Datapath;
  readonly why: string;
}

/** The netlink family of the kernel's datapath, whether it is a module or built in. */
const family = 'ovs_datapath';

/**
 * Whether the kernel has Open vSwitch's datapath. Asking netlink for its family loads the module if there is one. Only
 * where the program genl is missing, sysfs must do, which knows only loaded modules.
 */
export async function kernelHasDatapath(exec: Exec): Promise<boolean> {
  const asked = await exec('genl', ['ctrl', 'get', 'name', family]).catch(() => undefined);
  return asked === undefined ? existsSync('/sys/module/openvswitch') : asked.status === 0;
}

/** The datapath that br0 has in the database; undefined if there is no br0. Open vSwitch takes none for `system`. */
export function presentDatapath(ovsdb: Pick<Ovsdb, 'find'>): Datapath | undefined {
  const row = ovsdb.find('Bridge', bridge)?.row;
  if (row === undefined) return undefined;
  return row['datapath_type'] === 'netdev' ? 'netdev' : 'system';
}

/**
 * The datapath for br0, and why. `auto` keeps that of a br0 that is there, because another one ends every connection;
 * the error says that it does not exist here.
 */
export function chooseDatapath(
  option: DatapathOption,
  present: Datapath | undefined,
  hasKernel: boolean,
): Result<DatapathChoice> {
  if (option !== 'auto') return ok({ datapath: option, why: `--datapath ${option}` });
  if (present === 'system' && !hasKernel)
    return err(
      `${bridge} has the kernel's datapath, which this kernel lacks (no netlink family ${family}): load the module openvswitch, or choose the other with --datapath netdev`,
    );
  if (present !== undefined) return ok({ datapath: present, why: `${bridge} has it already` });
  return hasKernel
    ? ok({ datapath: 'system', why: 'the kernel has it' })
    : ok({ datapath: 'netdev', why: `the kernel has no netlink family ${family}` });
}
