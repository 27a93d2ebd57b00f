/** The certificate, the token and the kubeconfig. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAuthorized, kubeconfigText, makeCertificate, makeToken } from '../../../src/apiserver/store/identity.ts';
import { KubeConfig } from '../../../src/io/kube/kubeconfig.ts';
import { exec, ExecError } from '../../../src/io/programs/exec.ts';

it('makes a certificate for names and addresses that fits its key', async () => {
  const { key, certificate } = await makeCertificate(exec, ['localhost', '127.0.0.1', '::1']);
  const parsed = new X509Certificate(certificate);
  expect(parsed.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
  expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(Date.parse(parsed.validTo) - Date.parse(parsed.validFrom)).toBe(3650 * 86_400_000);
});

it('leaves no key behind in the folder for temporary files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-test-'));
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  try {
    await makeCertificate(exec, ['localhost']);
    const failing = makeCertificate(() => Promise.resolve({ status: 1, stdout: '', stderr: 'no' }), ['localhost']);
    await expect(failing).rejects.toThrow(ExecError);
    expect(await readdir(folder)).toEqual([]);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    await rm(folder, { recursive: true, force: true });
  }
});

it('says what to install when openssl is missing', async () => {
  const missing = (): Promise<never> => Promise.reject(new Error('spawn openssl ENOENT'));
  await expect(makeCertificate(missing, ['localhost'])).rejects.toThrow('install the package openssl');
});

it('makes another token each time, of 192 bits', () => {
  const tokens = new Set(Array.from({ length: 20 }, makeToken));
  expect(tokens.size).toBe(20);
  for (const token of tokens) expect(token).toMatch(/^[\w-]{32}$/);
});

test.each<readonly [string | undefined, boolean]>([
  ['Bearer secret', true],
  ['bearer  secret', true],
  ['Bearer secre', false],
  ['Bearer secrets', false],
  ['Bearer Secret', false],
  ['Bearer secret ', false],
  ['Basic secret', false],
  ['secret', false],
  ['Bearer ', false],
  ['', false],
  [undefined, false],
])('the header %j is let in: %s', (header, isLetIn) => {
  expect(isAuthorized(header, 'secret')).toBe(isLetIn);
});

it('writes a kubeconfig that a client reads', () => {
  const config = new KubeConfig();
  config.loadFromString(kubeconfigText('https://127.0.0.1:6443', 'the certificate', 'secret'));
  expect(config.getCurrentCluster()).toMatchObject({
    server: 'https://127.0.0.1:6443',
    caData: Buffer.from('the certificate').toString('base64'),
  });
  expect(config.getCurrentUser()?.token).toBe('secret');
});
