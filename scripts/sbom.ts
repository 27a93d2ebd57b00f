/** The list of what a release holds, as CycloneDX 1.5: the packages in the bundle and, of an image, Debian's. */
import { writeFileSync } from 'node:fs';
import type { BundledPackage } from './packages.ts';

interface Component {
  readonly type: 'application' | 'library';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly { readonly expression: string }[];
}

interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/** Lines of `dpkg-query -W -f '${Package}\t${Version}\t${Architecture}\n'`. */
export function debianPackages(text: string): readonly DebianPackage[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [name, version, architecture, ...more] = line.split('\t');
      if (name === undefined || version === undefined || architecture === undefined || more.length > 0)
        throw new Error(`not a line of dpkg-query: ${line}`);
      return { name, version, architecture };
    });
}

/** The name of a package in the package-url specification: of a scope the @ is encoded, the slash is not. */
function npmUrl({ name, version }: Pick<BundledPackage, 'name' | 'version'>): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function debianUrl({ name, version, architecture }: DebianPackage): string {
  return `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`;
}

/** What a release holds besides the program. */
interface Contents {
  readonly packages: readonly BundledPackage[];
  /** The version of Node.js. */
  readonly node: string;
  readonly debian?: readonly DebianPackage[];
}

/** The document. Nothing in it changes unless what it lists does: it has no serial number and no time. */
export function sbom(version: string, { packages, node, debian = [] }: Contents): object {
  const bundled = packages.map((one): Component => ({
    type: 'library',
    name: one.name,
    version: one.version,
    purl: npmUrl(one),
    licenses: [{ expression: one.license }],
  }));
  const runtime: Component = { type: 'application', name: 'node', version: node, purl: `pkg:generic/node@${node}` };
  const system = debian.map((one): Component => ({
    type: 'library',
    name: one.name,
    version: one.version,
    purl: debianUrl(one),
  }));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        name: 'sdn-compat',
        version,
        purl: npmUrl({ name: 'sdn-compat', version }),
        licenses: [{ expression: 'Apache-2.0' }],
      },
    },
    components: [...bundled, runtime, ...system],
  };
}

/** Writes the document to a file. */
export function writeSbom(path: string, version: string, contents: Contents): void {
  writeFileSync(path, `${JSON.stringify(sbom(version, contents), undefined, 2)}\n`);
}
