/** Shared by all uses of the program ip: parsing the output of `ip -j`, and running many lines at once. */
import { type Exec, must } from '../../io/programs/exec.ts';
import { asList, isRecord } from '../../model/values/json.ts';

/** The objects that `ip -j` printed; if there are none it prints nothing or an empty list. */
export function recordsOf(printed: string): readonly Readonly<Record<string, unknown>>[] {
  const all: unknown = JSON.parse(printed.trim() === '' ? '[]' : printed);
  return asList(all).filter(isRecord);
}

/** Runs the lines with one `ip -batch`; does nothing without lines. Throws ExecError at the first failure. */
export async function ipBatch(run: Exec, lines: readonly string[], ...flags: readonly string[]): Promise<void> {
  if (lines.length > 0) await must(run, 'ip', [...flags, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
