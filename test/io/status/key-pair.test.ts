/** Files of a certificate and its key, and what becomes of a server when they change. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '../../../src/io/certificate.ts';
import { follower, type KeyPair, readKeyPair } from '../../../src/io/status/key-pair.ts';

let [folder, certFile, keyFile] = ['', '', ''];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdn-compat-pair-'));
  [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function written(): Promise<KeyPair> {
  const { certificate: cert, key } = makeCertificate(['localhost'], new Date());
  await writeFile(certFile, cert);
  await writeFile(keyFile, key);
  return { cert, key };
}

const read = (): Promise<KeyPair> => readKeyPair(certFile, keyFile);

it('reads a pair', async () => {
  const pair = await written();
  expect(await read()).toEqual(pair);
});

it('refuses a missing file, text that is none and files that do not fit each other', async () => {
  await expect(read()).rejects.toThrow(certFile);
  await written();
  await writeFile(keyFile, makeCertificate(['localhost'], new Date()).key);
  await expect(read()).rejects.toThrow('key values mismatch');
  await writeFile(certFile, 'nonsense');
  await expect(read()).rejects.toThrow();
});

it('tells once that the certificate has ended, and serves it: nobody but its reader can judge it', async () => {
  const { certificate: cert, key } = makeCertificate(['localhost'], new Date('2001-02-03T04:05:06Z'));
  await writeFile(certFile, cert);
  await writeFile(keyFile, key);
  const [changes, problems]: [KeyPair[], string[]] = [[], []];
  const follow = follower(await read(), {
    read,
    onChange: (pair) => changes.push(pair),
    onProblem: (reason) => problems.push(reason),
  });
  await follow();
  await follow();
  expect(problems).toEqual(['it was valid until 2011-02-01T04:05:06.000Z']);
  const next = await written();
  await follow();
  expect(changes).toEqual([next]);
  expect(problems).toHaveLength(1);
});

it('takes a new pair once, keeps the last one while the files are no pair, and tells each problem once', async () => {
  const [changes, problems]: [KeyPair[], string[]] = [[], []];
  const first = await written();
  const follow = follower(first, {
    read,
    onChange: (pair) => changes.push(pair),
    onProblem: (reason) => problems.push(reason),
  });
  await follow();
  expect(changes).toEqual([]);
  const second = await written();
  await follow();
  await follow();
  expect(changes).toEqual([second]);
  await writeFile(keyFile, first.key);
  await follow();
  await follow();
  await rm(certFile);
  await follow();
  expect(changes).toEqual([second]);
  expect(problems).toEqual([expect.stringContaining('key values mismatch'), expect.stringContaining('ENOENT')]);
  const third = await written();
  await follow();
  expect(changes).toEqual([second, third]);
});
