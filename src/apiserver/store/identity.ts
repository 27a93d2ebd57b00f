/** The clients' token, and the kubeconfig with it and the server's certificate. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { dump } from 'js-yaml';

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
