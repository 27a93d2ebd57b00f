/** The flags of the status address, how each address is served, and who may read metrics there. */
import { readFile, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Command } from 'commander';
import { loadAll } from 'js-yaml';
import { Counter, Registry } from 'prom-client';
import { namespaces } from '../../api/kinds.ts';
import { openStatus, wayOf } from '../../src/cli/status-address.ts';
import { addStatusOptions, type StatusFlags } from '../../src/cli/status-options.ts';
import { makeCertificate } from '../../src/io/certificate.ts';
import type { KubeClient } from '../../src/io/kube/client.ts';
import { openKube } from '../../src/io/kube/config.ts';
import type { StatusServer } from '../../src/io/status/server.ts';
import { allow, clientOf, tokenOf } from '../apiserver/accounts.ts';
import { logger, start, type Started } from '../apiserver/started.ts';
import { type Logged, logged } from '../logged.ts';

const parsed = (...args: readonly string[]): StatusFlags =>
  addStatusOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }), '127.0.0.1:9106')
    .parse([...args], { from: 'user' })
    .opts<StatusFlags>();

it('has its default', () => {
  expect(parsed()).toEqual({ statusAddress: '127.0.0.1:9106', statusInsecure: false });
});

test.each(['0.0.0.0:0', 'localhost:65535', '[::1]:80', 'off'])('may be %s', (text) => {
  expect(parsed('--status-address', text).statusAddress).toBe(text);
});

test.each(['localhost', ':80', 'localhost:', 'localhost:65536', 'a b:80', 'localhost:8o', 'localhost:-1', ''])(
  'may not be %j',
  (text) => {
    expect(() => parsed('--status-address', text)).toThrow('it must be HOST:PORT, or off.');
  },
);

test.each(['127.0.0.1', '127.8.9.1', '::1'])('%s is this machine alone', (ip) => {
  expect(wayOf(ip, parsed())).toEqual({ how: 'loopback' });
  expect(wayOf(ip, parsed('--status-insecure'))).toEqual({ how: 'loopback' });
});

test.each(['0.0.0.0', '::', '10.0.0.1', '126.255.255.255', '128.0.0.1', '::2', 'fe80::1'])(
  'others reach %s, and it is guarded unless it is said that it need not be',
  (ip) => {
    expect(wayOf(ip, parsed())).toEqual({ how: 'reviewed' });
    expect(wayOf(ip, parsed('--status-tls-cert', 'c', '--status-tls-key', 'k'))).toEqual({
      how: 'reviewed',
      files: { cert: 'c', key: 'k' },
    });
    expect(wayOf(ip, parsed('--status-insecure'))).toEqual({ how: 'insecure' });
  },
);

test.each([
  [['--status-tls-cert', 'c'], '--status-tls-cert and --status-tls-key go together'],
  [['--status-tls-key', 'k'], '--status-tls-cert and --status-tls-key go together'],
  [['--status-insecure', '--status-tls-cert', 'c', '--status-tls-key', 'k'], '--status-insecure serves without TLS'],
])('%j is refused', (args, message) => {
  for (const ip of ['127.0.0.1', '10.0.0.1']) expect(() => wayOf(ip, parsed(...args))).toThrow(message);
});

/**
 * An API server that judges by roles, with an account that may ask, one that may read metrics, both by the roles of
 * config/, and one that may do neither.
 */
let started: Started;
let asking: KubeClient;
beforeAll(async () => {
  started = await start({ authorization: 'rbac' });
  await started.client.create(namespaces, { metadata: { name: 'shop' } });
  const roles = loadAll(await readFile(join(import.meta.dirname, '../../config/components/metrics/rbac.yaml'), 'utf8'));
  const rulesOf = (name: string): readonly object[] =>
    (roles as { kind: string; metadata: { name: string }; rules: object[] }[]).find(
      ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === name,
    )!.rules;
  await allow(started, 'shop', 'asker', rulesOf('sdn-compat-metrics-reviews'));
  await allow(started, 'shop', 'reader', rulesOf('sdn-compat-metrics-reader'));
  await allow(started, 'shop', 'other', [{ nonResourceURLs: ['/healthz'], verbs: ['get'] }]);
  asking = await clientOf(started, 'shop', 'asker');
});
afterAll(async () => {
  asking.close();
  await started.stop();
});

const registry = new Registry();
new Counter({ name: 'things_total', help: 'Things.', registers: [registry] }).inc(3);

let told: Logged;
const open = (at: string, ...args: readonly string[]): ReturnType<typeof openStatus> => {
  told = logged();
  const served = { logger: told.logger, registry, client: asking, notReady: () => 'the caches are not synced' };
  return openStatus(parsed('--status-address', at, ...args), served);
};

it('serves nothing when it is off', async () => {
  expect(await open('off')).toBeUndefined();
});

test.each(['127.0.0.1:0', '[::1]:0'])('serves at %s, on the port that was free', async (at) => {
  const server = await open(at).catch(() => undefined);
  if (server === undefined)
    expect(at).toContain('::1'); // a machine without IPv6
  else {
    expect((await fetch(`http://${at.replace(/0$/, String(server.port))}/healthz`)).status).toBe(200);
    server.close();
  }
});

it('says in one line that it cannot have the address', async () => {
  const first = await open('127.0.0.1:0');
  const at = `127.0.0.1:${first?.port ?? 0}`;
  const error: unknown = await open(at).catch((failure: unknown) => failure);
  first?.close();
  expect(error).toMatchObject({ name: 'Failure', status: 1 });
  expect(String(error)).toContain(`--status-address ${at}: `);
  expect(String(error)).toContain(`listen EADDRINUSE: address already in use ${at}`);
});

/** Status and body of an answer by TLS. */
function ask(server: StatusServer, path: string, headers = {}, ca?: string): Promise<readonly [number, string]> {
  const trust = ca === undefined ? { rejectUnauthorized: false } : { ca, servername: 'status.example' };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, headers, agent: false, ...trust };
    https
      .get(options, (response) => {
        const pieces: string[] = [];
        response.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece));
        response.on('end', () => resolve([response.statusCode ?? 0, pieces.join('')]));
      })
      .on('error', reject);
  });
}

const bearer = (token: string): object => ({ authorization: `Bearer ${token}` });

test('others get metrics by TLS alone, with a token that the API server knows and allows', async () => {
  const server = (await open('0.0.0.0:0'))!;
  expect(told.lines).toEqual([expect.stringContaining('made a certificate'), 'serving metrics and health']);
  expect(await ask(server, '/healthz')).toEqual([200, 'ok\n']);
  expect(await ask(server, '/readyz')).toEqual([503, 'the caches are not synced\n']);
  expect((await ask(server, '/metrics'))[0]).toBe(401);
  expect((await ask(server, '/metrics', bearer('nobody')))[0]).toBe(401);
  expect((await ask(server, '/metrics', bearer(await tokenOf(started, 'shop', 'other'))))[0]).toBe(403);
  expect((await ask(server, '/metrics?x', bearer(await tokenOf(started, 'shop', 'asker'))))[0]).toBe(403);
  const [status, body] = await ask(server, '/metrics', bearer(await tokenOf(started, 'shop', 'reader')));
  expect([status, body]).toEqual([200, expect.stringContaining('things_total 3')]);
  await expect(fetch(`http://127.0.0.1:${server.port}/metrics`)).rejects.toThrow();
  server.close();
});

test('a process that may not ask, and one without an API server, give no metrics to anybody', async () => {
  const token = await tokenOf(started, 'shop', 'reader');
  const [asker, notAllowed] = [asking, await clientOf(started, 'shop', 'other')];
  const gone = await start();
  await gone.server.close();
  // it takes connections, and says nothing
  const silent = createServer((socket) => socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const path = join(started.folder, 'kubeconfig-silent');
  await writeFile(path, started.server.kubeconfig.replace(/server: \S+/, `server: http://127.0.0.1:${port}`));
  const waiting = await openKube({ kubeconfig: path, logger, userAgent: 'test' });
  for (const [client, reason] of [
    [notAllowed, 'cannot create resource "tokenreviews"'],
    [gone.client, 'ECONNREFUSED'],
    [waiting, 'no answer within 5 s'],
  ] as const) {
    asking = client;
    const server = (await open('0.0.0.0:0'))!;
    expect((await ask(server, '/metrics', bearer(token)))[0]).toBe(503);
    expect((await ask(server, '/metrics', bearer(token)))[0]).toBe(503);
    expect(await ask(server, '/healthz')).toEqual([200, 'ok\n']);
    expect(told.lines.filter((line) => line.startsWith('the API server does not say'))).toEqual([
      expect.stringContaining(reason),
    ]);
    server.close();
  }
  asking = asker;
  notAllowed.close();
  waiting.close();
  silent.close();
  await gone.stop();
});

test('a certificate of files is used; files that are no pair are refused in one line', async () => {
  const [cert, key] = [join(started.folder, 'tls.crt'), join(started.folder, 'tls.key')];
  const files = ['--status-tls-cert', cert, '--status-tls-key', key];
  await expect(open('0.0.0.0:0', ...files)).rejects.toThrow(`ENOENT: no such file or directory, open '${cert}'`);
  const pair = makeCertificate(['status.example'], new Date());
  await writeFile(cert, pair.certificate);
  await writeFile(key, makeCertificate(['status.example'], new Date()).key);
  await expect(open('0.0.0.0:0', ...files)).rejects.toThrow(/^[^\n]*key values mismatch[^\n]*$/);
  await writeFile(key, pair.key);
  const server = (await open('0.0.0.0:0', ...files))!;
  expect(await ask(server, '/healthz', {}, pair.certificate)).toEqual([200, 'ok\n']);
  const next = makeCertificate(['status.example'], new Date());
  server.renew({ cert: next.certificate, key: next.key });
  expect(await ask(server, '/healthz', {}, next.certificate)).toEqual([200, 'ok\n']);
  await expect(ask(server, '/healthz', {}, pair.certificate)).rejects.toThrow();
  server.close();
  const unused = (await open('127.0.0.1:0', ...files))!;
  expect(told.lines[0]).toContain('--status-tls-cert is not used');
  expect((await fetch(`http://127.0.0.1:${unused.port}/metrics`)).status).toBe(200);
  unused.close();
});

test('--status-insecure serves everybody, and the log says so', async () => {
  const server = (await open('0.0.0.0:0', '--status-insecure'))!;
  expect(told.lines[0]).toContain('whoever reaches the status address may read metrics');
  expect(await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()).toContain('things_total 3');
  server.close();
});

test('a connection that is not TLS does not end the server', async () => {
  const server = (await open('0.0.0.0:0'))!;
  await new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.end('GET / HTTP/1.1\r\n\r\n'));
    socket.on('error', () => undefined).on('close', resolve);
    socket.resume();
  });
  expect((await ask(server, '/healthz'))[0]).toBe(200);
  server.close();
});
