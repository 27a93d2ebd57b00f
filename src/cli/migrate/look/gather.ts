/** `sdn-compat migrate gather`: writes what a plan is made from, as a folder or an archive. */
import { dump } from 'js-yaml';
import { type GatheredFile, gatheredFiles, type GatheredKind, gatheredKinds } from '../../../migrate/input/gather.ts';
import { readServer } from '../../../migrate/input/server.ts';
import { wanted } from '../../../migrate/targets.ts';
import { aligned } from '../../aligned.ts';
import { refuseOccupied, type TextFile, writeTexts } from '../../archive.ts';
import type { ClientFlags } from '../../client.ts';
import { print } from '../../output.ts';
import { programVersion } from '../../version.ts';
import { openClient, progressLines } from '../source.ts';

export interface GatherFlags extends ClientFlags {
  readonly out: string;
}

/**
 * Reads the cluster and writes the files. Exit status 1 if a kind could not be read; the rest is written all the same.
 */
export async function runGather(flags: GatherFlags): Promise<void> {
  const { out } = flags;
  await refuseOccupied(out);
  const client = await openClient(flags);
  const snapshot = await readServer(client, { ...wanted, progress: progressLines() }).finally(() => client.close());
  const kinds = gatheredKinds(snapshot, wanted);
  const texts: readonly TextFile[] = [
    { path: 'version', text: `sdn-compat ${programVersion}\n` },
    { path: 'index.json', text: `${JSON.stringify(kinds, null, 2)}\n` },
    ...gatheredFiles(snapshot, wanted).map(textOf),
  ];
  await writeTexts(out, texts);
  print(tableOf(kinds, out));
  if (kinds.some(({ unread }) => unread !== undefined)) process.exitCode = 1;
}

function textOf({ path, content }: GatheredFile): TextFile {
  return { path, text: dump(content, { noRefs: true, lineWidth: -1, sortKeys: false }) };
}

function tableOf(kinds: readonly GatheredKind[], out: string): string {
  const rows = kinds.map(({ kind, apiVersion, count, unread, absent }) => [
    kind,
    apiVersion,
    absent ? 'not served' : unread === undefined ? String(count) : `NOT READ: ${unread}`,
  ]);
  return `${aligned([['KIND', 'APIVERSION', 'COUNT'], ...rows])}\nwritten to ${out}; \`migrate plan -f ${out}\` reads it\n`;
}
