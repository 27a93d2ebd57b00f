/** The packages that a bundle holds, by what esbuild says it took. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly license: string;
}

interface Noticed extends BundledPackage {
  /** The texts of its license and notices. */
  readonly text: string;
}

/** Folders below node_modules of what the bundle took at least one module of; nested ones by their whole path. */
export function packageFolders({ inputs }: Pick<Metafile, 'inputs'>): readonly string[] {
  const folders = Object.keys(inputs).flatMap((path) => {
    const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path);
    return found === null ? [] : [found[0]];
  });
  return [...new Set(folders)].sort();
}

/** Reads one package's name, version and license; fails when it has none, which nobody may give on. */
function packageAt(folder: string): Noticed {
  const described = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const { name, version, license } = described;
  if (license === undefined) throw new Error(`${folder}/package.json names no license`);
  return { name, version, license, text: texts.join('\n\n') };
}

/** The packages that the bundle holds, by name. */
export function bundledPackages(metafile: Metafile): readonly Noticed[] {
  return packageFolders(metafile)
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map(packageAt)
    .sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version));
}

/** The name of the list of the bundle's packages, beside the bundle, for what is made of it. */
export const listName = 'packages.json';

/** The text of the list. */
export function listText(packages: readonly BundledPackage[]): string {
  const rows = packages.map(({ name, version, license }) => ({ name, version, license }));
  return `${JSON.stringify(rows, undefined, 2)}\n`;
}

/** The list as the build wrote it. */
export function readList(): readonly BundledPackage[] {
  return JSON.parse(readFileSync(join('dist', listName), 'utf8')) as readonly BundledPackage[];
}

/** What third parties' licenses ask to be given on with the program. */
export function notices(packages: readonly Noticed[]): string {
  const parts = packages.map(({ name, version, license, text }) =>
    [`${name} ${version} (${license})`, text].filter(Boolean).join('\n\n'),
  );
  return `sdn-compat contains these packages.\n\n${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
