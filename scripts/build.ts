/** Bundles the command and the CNI plugin into dist/, with the notices and the list of what is in them. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { bundleCommand, bundlePlugin } from './bundles.ts';
import { bundledPackages, notices, writeList } from './packages.ts';

// the folders there are what `make binary` and `make image` made
await mkdir('dist', { recursive: true });
const present = await readdir('dist', { withFileTypes: true });
await Promise.all(present.filter((one) => one.isFile()).map(({ name }) => rm(`dist/${name}`)));
const [metafile] = await Promise.all([bundleCommand('dist'), bundlePlugin('dist')]);
const packages = bundledPackages(metafile);
await writeFile('dist/THIRD-PARTY-NOTICES.txt', notices(packages));
writeList(packages);
