/** Bundles the command and the CNI plugin into dist/, with the notices and the list of what is in them. */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { bundleCommand, bundlePlugin } from './bundles.ts';
import { bundledPackages, listName, listText, notices } from './packages.ts';

/**
 * Puts the files in place of those that are there, each in one step and before the old ones go: another build, an image
 * that is built of them or a process that runs them always finds all of one.
 */
async function place(files: ReadonlyMap<string, string | Uint8Array>): Promise<void> {
  await mkdir('dist', { recursive: true });
  const fresh = await mkdtemp('dist/build-');
  try {
    for (const [name, content] of files) await writeFile(join(fresh, name), content);
    for (const name of files.keys()) await rename(join(fresh, name), join('dist', name));
  } finally {
    await rm(fresh, { recursive: true });
  }
  // the folders there are what `make binary` and `make image` made
  const present = await readdir('dist', { withFileTypes: true });
  const stale = present.filter((one) => one.isFile() && !files.has(one.name));
  await Promise.all(stale.map(({ name }) => rm(join('dist', name), { force: true })));
}

const [command, plugin] = await Promise.all([bundleCommand('dist'), bundlePlugin('dist')]);
const packages = bundledPackages(command.metafile);
// what a bundle starts with comes last, when all that it loads is there
const bundled = [...command.outputFiles, ...plugin.outputFiles].map(({ path, contents }) => ({
  name: basename(path),
  contents,
  isEntry: basename(path).startsWith('sdn-compat'),
}));
bundled.sort((one, other) => Number(one.isEntry) - Number(other.isEntry));
await place(
  new Map<string, string | Uint8Array>([
    ['THIRD-PARTY-NOTICES.txt', notices(packages)],
    [listName, listText(packages)],
    ...bundled.map(({ name, contents }): [string, Uint8Array] => [name, contents]),
  ]),
);
