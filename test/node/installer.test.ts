/** What the init container of config/node/node.yaml puts on a node for the container runtime. */
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { exec } from '../../src/io/programs/exec.ts';
import { parseCall } from '../../src/node/cni/protocol.ts';
import { value } from './states.ts';

const folder = mkdtempSync(join(tmpdir(), 'installer-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Conflist {
  readonly cniVersion: string;
  readonly cniVersions: readonly string[];
  readonly name: string;
  readonly plugins: readonly { readonly type: string }[];
}

function script(): string {
  const set = load(readFileSync(new URL('../../config/node/node.yaml', import.meta.url), 'utf8')) as {
    spec: { template: { spec: { initContainers: { name: string; command: string[] }[] } } };
  };
  return set.spec.template.spec.initContainers.find(({ name }) => name === 'install-cni')!.command.at(-1)!;
}

/** Runs the installer in folders of its own, beside a portmap that knows those versions; none when undefined. */
async function installed(
  portmap: readonly string[] | undefined,
): Promise<{ conflist: Conflist; wrapper: string; held: string }> {
  const root = mkdtempSync(join(folder, 'x'));
  for (const part of ['host/bin', 'host/net.d', 'host/opt/sdn-compat', 'opt/sdn-compat/dist', 'path'])
    mkdirSync(join(root, part), { recursive: true });
  writeFileSync(join(root, 'opt/sdn-compat/dist/sdn-compat-cni.js'), '');
  const program = (path: string, text: string): void => {
    writeFileSync(join(root, path), `#!/bin/sh\n${text}\n`);
    chmodSync(join(root, path), 0o755);
  };
  program('path/node', 'true');
  if (portmap !== undefined)
    program(
      'host/bin/portmap',
      `test "$CNI_COMMAND" = VERSION && echo '${JSON.stringify({ cniVersion: portmap.at(-1), supportedVersions: portmap })}'`,
    );
  const text = script()
    .replaceAll('/host/', `${root}/host/`)
    .replaceAll(' /opt/sdn-compat/', ` ${root}/opt/sdn-compat/`);
  const plugin = join(root, 'host/opt/sdn-compat/plugin.mjs');
  writeFileSync(plugin, 'of the last version');
  const running = openSync(plugin, 'r');
  const ran = await exec('sh', ['-euc', text], { env: { PATH: `${root}/path:${process.env['PATH'] ?? ''}` } });
  expect(ran).toEqual({ status: 0, stdout: '', stderr: '' });
  const held = readFileSync(running, 'utf8');
  closeSync(running);
  expect(readFileSync(plugin, 'utf8')).toBe('');
  return {
    held,
    conflist: JSON.parse(readFileSync(join(root, 'host/net.d/10-sdn-compat.conflist'), 'utf8')) as Conflist,
    wrapper: readFileSync(join(root, 'host/bin/sdn-compat-cni'), 'utf8'),
  };
}

const old = ['0.3.1', '0.4.0', '1.0.0'];

test.each([
  ['that has 1.1.0', [...old, '1.1.0'], ['1.0.0', '1.1.0']],
  ['that has not', old, ['1.0.0']],
  ['that is not there', undefined, ['1.0.0']],
] as const)('beside a portmap %s the runtime is offered what both plugins have', async (_name, portmap, versions) => {
  const { conflist, wrapper } = await installed(portmap);
  expect(conflist).toMatchObject({ cniVersion: '1.0.0', cniVersions: versions, name: 'sdn-compat' });
  expect(conflist.plugins.map(({ type }) => type)).toEqual(['sdn-compat-cni', 'portmap']);
  expect(wrapper).toMatch(/^#!\/bin\/sh\nexec \/opt\/cni\/bin\/sdn-compat\/node /);
});

test('a plugin that a runtime is just starting stays as it is', async () => {
  expect((await installed(old)).held).toBe('of the last version');
});

test('what a runtime makes of the conflist for a GC and a STATUS is understood', async () => {
  const { conflist } = await installed([...old, '1.1.0']);
  const given = {
    ...conflist.plugins[0],
    name: conflist.name,
    cniVersion: conflist.cniVersions.at(-1),
    'cni.dev/valid-attachments': [{ containerID: 'one', ifname: 'eth0' }],
  };
  expect(value(parseCall({ CNI_COMMAND: 'GC' }, JSON.stringify(given)))).toMatchObject({
    request: { command: 'GC', valid: ['one'] },
  });
  expect(value(parseCall({ CNI_COMMAND: 'STATUS' }, JSON.stringify(given)))).toMatchObject({
    request: { command: 'STATUS' },
  });
});
