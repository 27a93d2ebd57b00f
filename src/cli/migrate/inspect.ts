/** `sdn-compat migrate inspect`: what there is, and what would change. */
import type { Finding } from '../../migrate/finding.ts';
import { inventoryOf, type InventoryRow } from '../../migrate/input/source.ts';
import { toOVN } from '../../migrate/ovn/translate.ts';
import { countsText } from '../../migrate/report/content.ts';
import type { Concern } from '../../migrate/translation.ts';
import { progressLines, readSnapshot, type SourceFlags } from './source.ts';
import { findingsText, inventoryText } from './tables.ts';

export interface InspectFlags extends SourceFlags {
  readonly output: 'table' | 'json' | 'yaml';
}

const everything: readonly Concern[] = [];

/** Reads and prints. */
export async function runInspect(flags: InspectFlags): Promise<void> {
  const progress = progressLines();
  const snapshot = await readSnapshot(flags, progress);
  progress('looking for what would change');
  const { findings } = toOVN(snapshot, {
    only: everything,
    namespaces: [],
    prefix: 'egressip',
    keepClosed: false,
    allowAPIServer: false,
    machineNetworks: flags.machineNetwork,
  });
  process.stdout.write(await rendered({ inventory: inventoryOf(snapshot), findings }, flags.output));
  if (findings.some(({ severity }) => severity === 'blocker')) process.exitCode = 1;
}

interface Inspection {
  readonly inventory: readonly InventoryRow[];
  readonly findings: readonly Finding[];
}

async function rendered(inspection: Inspection, output: InspectFlags['output']): Promise<string> {
  if (output === 'json') return `${JSON.stringify(inspection, null, 2)}\n`;
  if (output === 'yaml') return (await import('js-yaml')).dump(inspection, { noRefs: true, lineWidth: -1 });
  return `${inventoryText(inspection.inventory)}\n${findingsText(inspection.findings)}\n${countsText(inspection.findings)}\n`;
}
