/** Requests for objects, over a real connection without TLS; each answer as its code and what it is. */
import { createServer, type IncomingHttpHeaders, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseResourcePath, pathParts } from '../../../src/apiserver/http/request.ts';
import { Lists } from '../../../src/apiserver/read/list.ts';
import { Refusal } from '../../../src/apiserver/refusal.ts';
import { Handler } from '../../../src/apiserver/serve/handler.ts';
import { asList, fieldOf, type Json, parseJson } from '../../../src/model/values/json.ts';
import { type Shelf, shelf, thing } from '../things.ts';

let on: Shelf;
let server: Server;
const stop = new AbortController();
beforeEach(async () => {
  on = shelf({ scope: 'Namespaced', status: true });
  const handler = new Handler({
    objects: on.objects,
    lists: new Lists(() => 0),
    bookmarkInterval: 1000,
    signal: stop.signal,
  });
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = parseResourcePath(pathParts(url.pathname));
    if (path === undefined) response.writeHead(500).end('"no resource"');
    else
      handler.handle({ request, response, query: url.searchParams }, path).catch((error: unknown) => {
        const { code, status } =
          error instanceof Refusal ? { code: error.code, status: error.status() } : { code: 500, status: {} };
        response.writeHead(code).end(JSON.stringify(status));
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});
afterAll(() => stop.abort());

interface Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Json;
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function ask(method: string, path: string, body?: Json, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'content-length': String(Buffer.byteLength(text)), ...more };
  const options = { port: portOf(server.address()), host: '127.0.0.1', method, path, headers, agent: false };
  return new Promise((resolve, reject) => {
    send(options, (response) => {
      let said = '';
      response.on('data', (piece: Buffer) => (said += piece.toString()));
      response.on('end', () =>
        resolve({
          code: response.statusCode ?? 0,
          headers: response.headers,
          body: parseJson(said.split('\n')[0] ?? ''),
        }),
      );
    })
      .on('error', reject)
      .end(text);
  });
}

const things = '/apis/example.org/v1/namespaces/default/things';
const everywhere = '/apis/example.org/v1/things';
const merge = { 'content-type': 'application/merge-patch+json' };
const apply = { 'content-type': 'application/apply-patch+yaml' };
const namesIn = ({ body }: Answer): unknown[] =>
  asList(fieldOf(body, 'items')).map((one) => fieldOf(one, 'metadata', 'name'));

it('creates, shows, changes and deletes an object', async () => {
  expect(await ask('POST', things, thing('x', { size: 1 }))).toMatchObject({ code: 201, body: { spec: { size: 1 } } });
  expect(await ask('GET', `${things}/x`)).toMatchObject({ code: 200, body: { metadata: { namespace: 'default' } } });
  expect(await ask('PATCH', `${things}/x`, { spec: { size: 2 } }, merge)).toMatchObject({
    code: 200,
    body: { spec: { size: 2 } },
  });
  const { body } = await ask('GET', `${things}/x`);
  const resourceVersion = String(fieldOf(body, 'metadata', 'resourceVersion'));
  expect(await ask('PUT', `${things}/x`, thing('x', { size: 3 }, { resourceVersion }))).toMatchObject({
    code: 200,
    body: { spec: { size: 3 } },
  });
  expect(await ask('DELETE', `${things}/x`)).toMatchObject({
    code: 200,
    body: {
      kind: 'Status',
      status: 'Success',
      details: { name: 'x', group: 'example.org', kind: 'things', uid: fieldOf(body, 'metadata', 'uid') },
    },
  });
  expect(await ask('GET', `${things}/x`)).toMatchObject({ code: 404, body: { kind: 'Status', reason: 'NotFound' } });
});

it('shows an object that stays for now when it is deleted', async () => {
  await ask('POST', things, thing('x', {}, { finalizers: ['f'] }));
  expect(await ask('DELETE', `${things}/x`)).toMatchObject({
    code: 200,
    body: { kind: 'Thing', metadata: { finalizers: ['f'] } },
  });
});

it('reads the conditions of a delete from its body', async () => {
  await ask('POST', things, thing('x'));
  expect(await ask('DELETE', `${things}/x`, { preconditions: { uid: 'other' } })).toMatchObject({ code: 409 });
  expect(await ask('DELETE', `${things}/x`, 1)).toMatchObject({ code: 400 });
});

it('ignores the options of a delete in protobuf', async () => {
  await ask('POST', things, thing('x'));
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
  expect(await ask('DELETE', `${things}/x`, 'anything', headers)).toMatchObject({ code: 200 });
});

it('takes a body without a kind for the kind in the path, but not one with half of it', async () => {
  expect(await ask('POST', things, { metadata: { name: 'x' } })).toMatchObject({ code: 201, body: { kind: 'Thing' } });
  expect(await ask('POST', things, { kind: 'Thing', metadata: { name: 'y' } })).toMatchObject({ code: 400 });
});

it('warns of unknown fields in a header', async () => {
  const { code, headers } = await ask('POST', things, thing('x', { siez: 1 }));
  expect([code, headers['warning']]).toEqual([201, String.raw`299 - "unknown field \"spec.siez\""`]);
});

it('writes the status by its own path only', async () => {
  await ask('POST', things, thing('x', { size: 1 }));
  const both = { spec: { size: 9 }, status: { ready: true } };
  expect(await ask('PATCH', `${things}/x/status`, both, merge)).toMatchObject({
    code: 200,
    body: { spec: { size: 1 }, status: { ready: true } },
  });
  expect(await ask('GET', `${things}/x/status`)).toMatchObject({ code: 200, body: { status: { ready: true } } });
  expect(await ask('PATCH', `${things}/x`, { status: { ready: false } }, merge)).toMatchObject({
    body: { status: { ready: true } },
  });
  expect(await ask('DELETE', `${things}/x/status`)).toMatchObject({ code: 405 });
});

it('applies a configuration: creates it first, then changes it', async () => {
  const path = `${things}/x?fieldManager=me`;
  expect(await ask('PATCH', path, thing('x', { size: 1 }), apply)).toMatchObject({ code: 201 });
  expect(await ask('PATCH', path, thing('x', { size: 2 }), apply)).toMatchObject({
    code: 200,
    body: { spec: { size: 2 } },
  });
  expect(await ask('PATCH', `${things}/x`, thing('x'), apply)).toMatchObject({ code: 422 });
});

test.each<readonly [string, Json, number, string]>([
  [
    'an unknown field',
    thing('x', { siez: 1 }),
    500,
    'failed to create typed patch object (default/x; example.org/v1, Kind=Thing): .spec.siez: field not declared in schema',
  ],
  [
    'two unknown fields',
    { ...thing('x', { siez: 1 }), extra: 1 },
    500,
    'failed to create typed patch object (default/x; example.org/v1, Kind=Thing): errors:\n  .spec.siez: field not declared in schema\n  .extra: field not declared in schema',
  ],
  ['another name', thing('y'), 400, 'the name of the object (y) does not match the name on the URL (x)'],
  ['managers', thing('x', {}, { managedFields: [] }), 400, 'metadata.managedFields must be nil'],
])('applies no configuration with %s', async (_what, body, code, message) => {
  expect(await ask('PATCH', `${things}/x?fieldManager=me`, body, apply)).toMatchObject({ code, body: { message } });
});

describe('of many objects', () => {
  beforeEach(async () => {
    for (const name of ['a', 'b']) await ask('POST', things, thing(name, {}, { labels: { of: name } }));
    await ask('POST', things.replace('default', 'kube-system'), thing('c'));
  });

  it('lists those of a namespace, or of all', async () => {
    const list = await ask('GET', things);
    expect([list.code, fieldOf(list.body, 'kind'), namesIn(list)]).toEqual([200, 'ThingList', ['a', 'b']]);
    expect(namesIn(await ask('GET', everywhere))).toEqual(['a', 'b', 'c']);
    expect(namesIn(await ask('GET', `${everywhere}?labelSelector=of%3Db`))).toEqual(['b']);
    expect(namesIn(await ask('GET', `${everywhere}?fieldSelector=metadata.namespace%3Dkube-system`))).toEqual(['c']);
  });

  it('deletes those that are selected, in one namespace or all, and shows them', async () => {
    expect(namesIn(await ask('DELETE', `${things}?labelSelector=of%3Db`))).toEqual(['b']);
    expect(namesIn(await ask('GET', everywhere))).toEqual(['a', 'c']);
    expect(namesIn(await ask('DELETE', `${everywhere}?dryRun=All`))).toEqual(['a', 'c']);
    expect(namesIn(await ask('DELETE', everywhere))).toEqual(['a', 'c']);
    expect(namesIn(await ask('GET', everywhere))).toEqual([]);
  });

  it('makes a table of them', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const { body } = await ask('GET', things, undefined, { accept });
    expect([fieldOf(body, 'kind'), asList(fieldOf(body, 'rows')).length]).toEqual(['Table', 2]);
    expect((await ask('GET', `${things}/a`, undefined, { accept })).body).toMatchObject({ kind: 'Table' });
  });

  it('watches one, those of a namespace, or those that are selected', async () => {
    const first = async (path: string): Promise<unknown> =>
      fieldOf(
        (await ask('GET', `${path}${path.includes('?') ? '&' : '?'}watch=1&timeoutSeconds=1`)).body,
        'object',
        'metadata',
        'name',
      );
    const found = [
      `${things}/b`,
      things.replace('default', 'kube-system'),
      `${everywhere}?labelSelector=of%3Db`,
      everywhere,
    ];
    expect(await Promise.all(found.map(first))).toEqual(['b', 'c', 'b', 'a']);
  });
});

it('reads a namespace in protobuf', async () => {
  const body = Buffer.from('k8s\0\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12\x06\x0a\x04\x0a\x02ns', 'latin1');
  const answered = new Promise<number>((resolve, reject) => {
    const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
    send(
      {
        port: portOf(server.address()),
        host: '127.0.0.1',
        method: 'POST',
        path: '/api/v1/namespaces',
        headers,
        agent: false,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    )
      .on('error', reject)
      .end(body);
  });
  expect(await answered).toBe(201);
  expect(on.store.collection('namespaces').get('ns')?.object['status']).toEqual({ phase: 'Active' });
});

describe('projects', () => {
  const projects = '/apis/project.openshift.io/v1/projects';
  const requests = '/apis/project.openshift.io/v1/projectrequests';

  it('may be requested, which makes a namespace', async () => {
    const metadata = { name: 'mine' };
    expect(await ask('GET', requests)).toMatchObject({ code: 200, body: { kind: 'Status', status: 'Success' } });
    expect(await ask('POST', requests, { displayName: 'Mine', metadata })).toMatchObject({
      code: 201,
      body: { kind: 'Project', metadata },
    });
    expect(await ask('POST', requests, { metadata })).toMatchObject({ code: 409 });
    expect((await ask('GET', '/api/v1/namespaces/mine')).code).toBe(200);
  });

  it('are listed, selected, shown and deleted as namespaces are', async () => {
    expect(namesIn(await ask('GET', projects))).toEqual(['default', 'kube-system']);
    expect(namesIn(await ask('GET', `${projects}?fieldSelector=metadata.name%3Ddefault`))).toEqual(['default']);
    expect(await ask('GET', `${projects}/default`)).toMatchObject({
      code: 200,
      body: { kind: 'Project', status: { phase: 'Active' } },
    });
    await ask('POST', requests, { metadata: { name: 'mine' } });
    expect(await ask('DELETE', `${projects}/mine`)).toMatchObject({
      code: 200,
      body: { status: { phase: 'Terminating' } },
    });
    expect(await ask('DELETE', `${projects}/default`)).toMatchObject({ code: 403 });
  });

  test.each<readonly [string, string, number]>([
    ['POST', projects, 405],
    ['GET', `${projects}?watch=1`, 405],
    ['PUT', `${projects}/default`, 405],
    ['DELETE', requests, 405],
    ['GET', `${requests}/x`, 404],
    ['GET', `${projects}/none`, 404],
  ])('do not know %s of %s: %i', async (method, path, code) => {
    expect((await ask(method, path)).code).toBe(code);
  });
});

test.each<readonly [string, string, number]>([
  ['GET', '/apis/example.org/v1/others', 404],
  ['GET', '/apis/example.org/v2/things', 404],
  ['GET', `${things}/x/scale`, 404],
  ['GET', '/apis/example.org/v1/things/x', 404],
  ['GET', '/api/v1/namespaces/default/nodes', 404],
  ['GET', '/apis/coordination.k8s.io/v1/namespaces/default/leases/x/status', 404],
  ['POST', everywhere, 405],
  ['PUT', things, 405],
  ['POST', `${things}/x`, 405],
  ['GET', `${things}?resourceVersion=9999`, 504],
])('%s of %s is refused with %i', async (method, path, code) => {
  expect((await ask(method, path, method === 'GET' ? undefined : thing('x'))).code).toBe(code);
});
