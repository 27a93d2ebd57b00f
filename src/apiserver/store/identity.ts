/** The server's certificate, the clients' token, and the kubeconfig with both. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { type Exec, ExecError, must } from '../../io/programs/exec.ts';

export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

/** A new key and a self-signed certificate for the names, valid for ten years; made by openssl. */
export async function makeCertificate(run: Exec, names: readonly string[]): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-'));
  const [key, certificate] = [join(folder, 'key'), join(folder, 'certificate')];
  const alternative = names.map((name) => (/^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`)).join(',');
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '3650'];
  try {
    await must(run, 'openssl', [
      ...args,
      '-subj',
      '/CN=sdn-compat',
      '-addext',
      `subjectAltName=${alternative}`,
      '-keyout',
      key,
      '-out',
      certificate,
    ]);
    return { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') };
  } catch (error) {
    if (error instanceof ExecError) throw error;
    throw new Error('a certificate cannot be made: the program openssl is missing; install the package openssl', {
      cause: error,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A new secret token. */
export function makeToken(): string {
  return randomBytes(24).toString('base64url');
}

/** Whether an Authorization header has the token; compares in constant time. */
export function isAuthorized(header: string | undefined, token: string): boolean {
  const given = Buffer.from(/^Bearer +(.*)$/i.exec(header ?? '')?.[1] ?? '');
  const wanted = Buffer.from(token);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** A kubeconfig for the server, as YAML. */
export function kubeconfigText(url: string, certificate: string, token: string): string {
  const name = 'sdn-compat';
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name, cluster: { server: url, 'certificate-authority-data': Buffer.from(certificate).toString('base64') } },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}
