/** What every use of the program ip shares: reading what `ip -j` prints, and running many lines as one. */
import { type Exec, must } from '../../io/exec.ts';
import { asList, isRecord } from '../../model/json.ts';

/** The objects that `ip -j` printed; for none it prints nothing, or an empty list. */
export function recordsOf(printed: string): readonly Readonly<Record<string, unknown>>[] {
  const all: unknown = JSON.parse(printed.trim() === '' ? '[]' : printed);
  return asList(all).filter(isRecord);
}

/** The arguments that make ip print what `parseAddresses` reads. */
export const showAddresses = ['-j', '-4', 'addr', 'show'];

/** Runs the lines by one `ip -batch`; nothing for none. Throws ExecError at the first that fails. */
export async function ipBatch(run: Exec, lines: readonly string[], ...flags: readonly string[]): Promise<void> {
  if (lines.length > 0) await must(run, 'ip', [...flags, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
