/** Certificates that this program makes for its own servers, as Node's parser and a TLS client see them. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeCertificate } from '../../src/io/certificate.ts';

it('is for names and addresses, fits its key and signs itself', () => {
  const { key, certificate } = makeCertificate(['localhost', '127.0.0.1', '::1'], new Date());
  const parsed = new X509Certificate(certificate);
  expect(parsed.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
  expect(parsed.subject).toBe('CN=sdn-compat');
  expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(parsed.verify(parsed.publicKey)).toBe(true);
  expect(parsed.checkIssued(parsed)).toBe(true);
  expect(parsed.ca).toBe(true);
});

test.each([
  ['2026-03-04T05:06:07.890Z', 'Mar  4 05:06:07 2026 GMT', 'Mar  1 05:06:07 2036 GMT'],
  ['2045-01-01T00:00:00Z', 'Jan  1 00:00:00 2045 GMT', 'Dec 30 00:00:00 2054 GMT'],
  ['2051-01-01T00:00:00Z', 'Jan  1 00:00:00 2051 GMT', 'Dec 29 00:00:00 2060 GMT'],
])('made at %s it is valid for ten years', (now, from, to) => {
  const { validFrom, validTo } = new X509Certificate(makeCertificate(['a'], new Date(now)).certificate);
  expect([validFrom, validTo]).toEqual([from, to]);
});

it('has another key and another number each time', () => {
  const made = Array.from({ length: 5 }, () => makeCertificate(['a'], new Date()));
  const numbers = made.map(({ certificate }) => new X509Certificate(certificate).serialNumber);
  expect(new Set(made.map(({ key }) => key)).size).toBe(5);
  expect(new Set(numbers).size).toBe(5);
  for (const number of numbers) expect(number).toMatch(/^01[0-9A-F]{30}$/);
});

test.each([1, 20, 400])('a TLS client trusts it by itself, with %i names', async (count) => {
  const names = ['127.0.0.1', ...Array.from({ length: count }, (_, index) => `host-${String(index)}.example`)];
  const { key, certificate } = makeCertificate(names, new Date());
  const server = https.createServer({ key, cert: certificate }, (_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const asked = (host: string): Promise<string> =>
    new Promise((resolve) => {
      https
        .get({ host: '127.0.0.1', port, ca: certificate, servername: host, agent: false }, (response) => {
          response.resume();
          resolve(String(response.statusCode));
        })
        .on('error', (error) => resolve(error.message));
    });
  expect(await asked(`host-${String(count - 1)}.example`)).toBe('200');
  expect(await asked('other.example')).toContain("Hostname/IP does not match certificate's altnames");
  server.close();
});
