import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { notices, packageFolders } from '../../scripts/packages.ts';
import { debianPackages, sbom } from '../../scripts/sbom.ts';
import { versionOfTag } from '../../scripts/version.ts';
import { programVersion } from '../../src/cli/version.ts';

const root = join(import.meta.dirname, '../..');

test.each([
  ['v1.2.3', '1.2.3'],
  ['v1.2.3-rc.1', '1.2.3-rc.1'],
  ['v1.2.3-4-g0a1b2c3', '1.2.3+4.0a1b2c3'],
  ['v1.2.3-rc.1-4-g0a1b2c3', '1.2.3-rc.1+4.0a1b2c3'],
  ['v1.2.3-rc-1', '1.2.3-rc-1'],
  ['v1.2.3-rc-1-4-g0a1b2c3', '1.2.3-rc-1+4.0a1b2c3'],
  ['vendor-1', undefined],
  ['v1.2', undefined],
])('the tag %s is the version %s', (described, version) => {
  expect(versionOfTag(described)).toBe(version);
});

test('what the sources say of their version is what package.json says', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(programVersion).toBe(version);
});

test('the packages of a bundle are those that it took modules of, nested ones for themselves', () => {
  const none = { bytes: 1, imports: [] };
  const inputs = {
    'src/cli/start.ts': none,
    'node_modules/lodash/sumBy.js': none,
    'node_modules/lodash/_base.js': none,
    'node_modules/@kubernetes/client-node/dist/config.js': none,
    'node_modules/a/node_modules/b/index.js': none,
    '../other/node_modules/c/index.js': none,
  };
  expect(packageFolders({ inputs })).toEqual([
    '../other/node_modules/c',
    'node_modules/@kubernetes/client-node',
    'node_modules/a/node_modules/b',
    'node_modules/lodash',
  ]);
});

test('the notices hold each license', () => {
  const text = notices([
    { name: 'a', version: '1.0.0', license: 'MIT', text: 'Copyright A' },
    { name: 'b', version: '2.0.0', license: 'ISC', text: '' },
  ]);
  expect(text).toContain('a 1.0.0 (MIT)\n\nCopyright A\n');
  expect(text).toContain('b 2.0.0 (ISC)\n');
});

test('the list of contents has a package url for each part, with what is special in it encoded', () => {
  const packages = [{ name: '@kubernetes/client-node', version: '2.0.1', license: 'Apache-2.0' }];
  const debian = debianPackages('libstdc++6\t12.2.0-14+deb12u1\tamd64\nnft\t1:1.0\tamd64\n');
  const { components } = sbom('1.0.0', { packages, debian, node: '24.0.0' }) as { components: { purl: string }[] };
  expect(components.map(({ purl }) => purl)).toEqual([
    'pkg:npm/%40kubernetes/client-node@2.0.1',
    'pkg:generic/node@24.0.0',
    'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64',
    'pkg:deb/debian/nft@1%3A1.0?arch=amd64',
  ]);
});

test.each(['name', 'name\t1', 'name\t1\tamd64\tmore'])('%j is no line of dpkg-query', (line) => {
  expect(() => debianPackages(line)).toThrow('not a line of dpkg-query');
});
