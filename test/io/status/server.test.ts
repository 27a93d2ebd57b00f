import { Counter, Registry } from 'prom-client';
import { serveStatus, type StatusServer } from '../../../src/io/status/server.ts';

let server: StatusServer;
let problem: string | undefined;
const registry = new Registry();
const counter = new Counter({ name: 'things_total', help: 'Things.', registers: [registry] });
beforeAll(async () => {
  server = await serveStatus({ host: '127.0.0.1', port: 0, registry, notReady: () => problem });
});
afterAll(() => server.close());

async function get(path: string): Promise<readonly [number, string | null, string]> {
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { connection: 'close' } });
  return [answer.status, answer.headers.get('content-type'), await answer.text()];
}

it('is healthy while it runs, and ready when nothing is in the way', async () => {
  problem = undefined;
  expect(await get('/healthz')).toEqual([200, 'text/plain', 'ok\n']);
  expect(await get('/readyz')).toEqual([200, 'text/plain', 'ok\n']);
});

it('says why it is not ready, and is healthy all the same', async () => {
  problem = 'the caches are not synced';
  expect(await get('/readyz?verbose')).toEqual([503, 'text/plain', 'the caches are not synced\n']);
  expect((await get('/healthz'))[0]).toBe(200);
});

it('serves the metrics in their own format', async () => {
  counter.inc(3);
  const [status, type, body] = await get('/metrics');
  expect([status, type]).toEqual([200, registry.contentType]);
  expect(body).toContain('things_total 3');
});

it('says what there is on other paths', async () => {
  expect(await get('/')).toEqual([404, 'text/plain', 'there are /metrics, /healthz and /readyz\n']);
});

it('goes on after metrics that could not be collected', async () => {
  const broken = new Registry();
  new Counter({
    name: 'broken_total',
    help: 'Broken.',
    registers: [broken],
    collect: () => {
      throw new Error('broken');
    },
  });
  const other = await serveStatus({ host: '127.0.0.1', port: 0, registry: broken, notReady: () => undefined });
  expect((await fetch(`http://127.0.0.1:${other.port}/metrics`)).status).toBe(500);
  expect((await fetch(`http://127.0.0.1:${other.port}/healthz`)).status).toBe(200);
  other.close();
});

it('cannot have an address that is in use', async () => {
  const again = serveStatus({ host: '127.0.0.1', port: server.port, registry, notReady: () => undefined });
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
