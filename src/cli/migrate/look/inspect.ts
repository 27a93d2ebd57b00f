/** `sdn-compat migrate inspect`: shows what exists and what would change. */

import { type Finding } from '../../../migrate/findings/finding.ts';
import { inventoryOf, type InventoryRow } from '../../../migrate/input/source.ts';
import { countsText } from '../../../migrate/report/content.ts';
import { targetNamed, wantedFor } from '../../../migrate/targets.ts';
import { formatted, print } from '../../output.ts';
import { translatorOf } from '../options.ts';
import { isBlocked } from '../plan-output.ts';
import { progressLines, readSnapshot, type SourceFlags } from '../source.ts';
import { findingsText, inventoryText } from '../tables.ts';

export interface InspectFlags extends SourceFlags {
  readonly to: string;
  readonly output: 'table' | 'json' | 'yaml';
}

/** Reads the input and prints the inventory and the findings. */
export async function runInspect(flags: InspectFlags): Promise<void> {
  const progress = progressLines();
  const snapshot = await readSnapshot(flags, progress, { kinds: wantedFor({ target: flags.to }) });
  progress('looking for what would change');
  const target = targetNamed(flags.to);
  const { translate } = translatorOf(target, { machineNetworks: flags.machineNetwork });
  const { findings } = translate(target.before(snapshot));
  print(await rendered({ inventory: inventoryOf(snapshot), findings }, flags.output));
  if (isBlocked({ findings, strict: false })) process.exitCode = 1;
}

interface Inspection {
  readonly inventory: readonly InventoryRow[];
  readonly findings: readonly Finding[];
}

async function rendered(inspection: Inspection, output: InspectFlags['output']): Promise<string> {
  return formatted(
    inspection,
    output,
    () =>
      `${inventoryText(inspection.inventory)}\n${findingsText(inspection.findings)}\n${countsText(inspection.findings)}\n`,
  );
}
