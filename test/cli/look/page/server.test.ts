/** What the page's server lets in, asked over real HTTP with headers that browsers of other sites would send. */
import http from 'node:http';
import { type Ask, type PageOptions, type PageServer, servePage } from '../../../../src/cli/look/page/server.ts';
import { changeBetween } from '../../../../src/page/change.ts';
import type { PageState } from '../../../../src/page/state.ts';
import { frame, row } from '../../../page/states.ts';

const parts = { script: 'console.log(1)', style: 'body{}' };
let state: PageState = { frame: frame(), rows: [row()], nodes: [] };
let server: PageServer;

async function up(changes: Partial<PageOptions> = {}): Promise<void> {
  server = await servePage({
    ...{ host: '127.0.0.1', port: 0, parts, isBehindProxy: false, isLoopback: true, state: () => state },
    asks: new Map<string, Ask>([
      ['echo', (question) => ({ question })],
      [
        'fail',
        () => {
          throw new Error('this cannot be');
        },
      ],
    ]),
    ...changes,
  });
}
afterEach(() => server.close());

interface Got {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

function request(path: string, headers: Record<string, string> = {}, body?: string, method?: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = http.request(
      {
        host: '127.0.0.1',
        port: server.port,
        path,
        headers,
        agent: false,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
          // events never end
          if (response.headers['content-type'] === 'text/event-stream') response.destroy();
        });
        response.on('close', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

const json = { 'content-type': 'application/json' };
const post = (path: string, question: unknown, headers: Record<string, string> = {}): Promise<Got> =>
  request(path, { ...json, ...headers }, JSON.stringify(question));

async function session(): Promise<string> {
  const { headers } = await post('/session', { token: server.token });
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

test('the page is for everybody and holds nothing; its policy lets only its own script run', async () => {
  await up();
  const { status, headers, body } = await request('/');
  expect(status).toBe(200);
  expect(body).toContain(`<script>${parts.script}</script>`);
  expect(body).not.toContain('192.0.2.1');
  const policy = headers['content-security-policy'];
  expect(policy).toMatch(
    /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-[\w+/=]+'; connect-src 'self'/,
  );
  expect(policy).toContain("frame-ancestors 'none'");
  expect(headers['cache-control']).toBe('no-store');
});

test('the token opens one session, and no address carries it', async () => {
  await up();
  expect((await request('/events')).status).toBe(401);
  expect((await request(`/events?token=${server.token}`)).status).toBe(401);
  expect((await post('/session', { token: 'guess' })).status).toBe(401);
  expect((await post('/session', { token: ['x'] })).status).toBe(401);
  const cookie = await session();
  expect(cookie).not.toContain(server.token);
  expect((await post('/session', { token: server.token })).status).toBe(401);
  const { status, body } = await request('/events', { cookie: `other=1; ${cookie}` });
  expect(status).toBe(200);
  expect(body).toContain('event: state\ndata: {"frame"');
  expect((await post('/echo', {}, { cookie: cookie.slice(0, -1) })).status).toBe(401);
  expect((await post('/echo', { a: 1 }, { cookie })).body).toBe('{"question":{"a":1}}');
});

test('what a user asks wrongly is an answer, not an error of the server', async () => {
  await up();
  const cookie = await session();
  expect(await post('/fail', {}, { cookie })).toMatchObject({ status: 200, body: '{"problem":"this cannot be"}' });
  for (const body of ['', 'null', '[1', '"x"', `{"a":"${'x'.repeat(70_000)}"}`])
    expect((await request('/echo', { ...json, cookie }, body)).status).toBe(400);
  expect((await post('/constructor', {}, { cookie })).status).toBe(404);
  expect((await post('/__proto__', {}, { cookie })).status).toBe(404);
});

test('other names of this machine and other sites are refused', async () => {
  await up();
  const cookie = await session();
  const host = `127.0.0.1:${server.port}`;
  expect((await request('/', { host: `evil.example:${server.port}` })).status).toBe(403);
  expect((await request('/events', { host: 'evil.example', cookie })).status).toBe(403);
  expect((await post('/echo', {}, { cookie, origin: 'https://evil.example' })).status).toBe(403);
  expect((await post('/echo', {}, { cookie, origin: 'null' })).status).toBe(403);
  expect((await post('/echo', {}, { cookie, origin: `http://${host}` })).status).toBe(200);
  expect((await request('/', { host: `localhost:${server.port}` })).status).toBe(200);
  expect((await request('/echo', { cookie, 'content-type': 'text/plain' }, '{}')).status).toBe(415);
});

test('nothing is done by other methods', async () => {
  await up();
  const cookie = await session();
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    expect((await request('/echo', { cookie }, undefined, method)).status).toBe(405);
  }
  expect((await request('/echo', { cookie })).status).toBe(404);
});

test('behind a proxy on loopback there is no session, and other names and sites are refused all the same', async () => {
  await up({ isBehindProxy: true });
  expect((await request('/events')).status).toBe(200);
  expect((await request('/events', { host: 'evil.example' })).status).toBe(403);
  expect((await post('/echo', {}, { origin: 'https://evil.example' })).status).toBe(403);
});

test('behind a proxy there is no session, but another site is refused', async () => {
  await up({ isBehindProxy: true, isLoopback: false });
  expect(server.token).toBe('');
  const host = 'sdn-compat-dashboard.sdn-compat.svc';
  expect((await request('/events', { host })).status).toBe(200);
  expect((await post('/echo', {}, { host, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await post('/echo', {}, { host, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
});

test('who looks gets each change, and who did not keep up gets the state as it is then', async () => {
  await up({ isBehindProxy: true });
  const events: string[] = [];
  const got = await new Promise<http.IncomingMessage>((resolve) => {
    http.get({ host: '127.0.0.1', port: server.port, path: '/events', agent: false }, resolve);
  });
  got.setEncoding('utf8');
  const wait = async (what: RegExp): Promise<void> => {
    while (!what.test(events.join(''))) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  got.on('data', (part: string) => events.push(part));
  await wait(/event: state/);
  const change = (reason: string): void => {
    const before = state;
    state = { ...state, rows: [row({ reason })] };
    server.send(changeBetween(before, state)!);
  };
  change('one');
  await wait(/event: change\ndata: .*"reason":"one"/);
  got.pause();
  const long = 'x'.repeat(1_000_000);
  for (let index = 0; index < 40; index++) change(`${long} ${index}`);
  change('last');
  got.resume();
  await wait(/event: state\ndata: .*"reason":"last"/);
  // what it missed was not kept for it
  expect(events.join('').length).toBeLessThan(30_000_000);
  got.destroy();
});

test('a name from the cluster ends no element of the page', async () => {
  await up();
  const { documentText } = await import('../../../../src/cli/page-document.ts');
  const name = '</script><script>alert(1)</script><!--';
  const html = documentText({ title: 'x', parts, state: { ...state, rows: [row({ namespaces: [name] })] }, body: '' });
  expect(html).not.toContain('alert(1)</script>');
  const embedded = /<script type="application\/json" id="state">(.*?)<\/script>/.exec(html)?.[1] ?? '';
  expect((JSON.parse(embedded) as PageState).rows[0]?.namespaces).toEqual([name]);
});
