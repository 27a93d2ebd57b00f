import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
  ['v1.2.3-dirty', '1.2.3+dirty'],
  ['v1.2.3-rc.1-4-g0a1b2c3-dirty', '1.2.3-rc.1+4.0a1b2c3.dirty'],
  ['v1.2.3-rc-1', '1.2.3-rc-1'],
  ['v1.2.3-rc-1-4-g0a1b2c3', '1.2.3-rc-1+4.0a1b2c3'],
  ['vendor-1', undefined],
  ['v1.2', undefined],
])('the tag %s is the version %s', (described, version) => {
  expect(versionOfTag(described)).toBe(version);
});

describe('in a checkout', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-version-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' });
  /** What the scripts that build take for the version and the commit of the sources in this folder. */
  const built = (cwd = folder): readonly [version: string, hash: string] => {
    const script = `import { commit, version } from '${join(root, 'scripts/version.ts')}';
      console.log(JSON.stringify([version(), commit().hash]))`;
    const run = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd, encoding: 'utf8' });
    return JSON.parse(run) as [string, string];
  };
  const written = (at: string): void => writeFileSync(join(at, 'package.json'), '{"version":"0.0.1"}');

  beforeAll(() => {
    written(folder);
    git('init', '--quiet');
    git('add', 'package.json');
    git('commit', '--quiet', '--message', 'first');
  });

  test('a tag that is no version does not hide the one that is', () => {
    git('tag', 'v1.2.3');
    git('tag', 'v1');
    git('tag', 'v2x');
    expect(built()).toEqual(['1.2.3', git('rev-parse', 'HEAD').trim()]);
  });

  test('changed sources are not called the version or the commit that they were', () => {
    writeFileSync(join(folder, 'package.json'), '{"version":"0.0.2"}');
    expect(built()).toEqual(['1.2.3+dirty', `${git('rev-parse', 'HEAD').trim()}-dirty`]);
  });

  test('sources that lie in a checkout of something else do not take its version', () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    written(inner);
    expect(built(inner)).toEqual(['0.0.1', '']);
  });
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

test('a builder that cannot build is named in one line, also docker without its daemon', () => {
  const env = { ...process.env, DOCKER_HOST: `unix://${join(root, 'no.sock')}` };
  const args = [join(root, 'scripts/image.ts'), '--builder', 'docker'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^image: docker('s daemon does not answer: start it| is not installed: install it), or .*\n$/);
});
