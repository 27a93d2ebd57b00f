import { readFile } from 'node:fs/promises';
import https from 'node:https';
import tls from 'node:tls';
import { fieldOf, parseJson } from '../../src/model/values/json.ts';
import { start, type Started } from './started.ts';

let started: Started;
let token = '';
beforeAll(async () => {
  started = await start();
  token = /token: (\S+)/.exec(await readFile(started.kubeconfig, 'utf8'))?.[1] ?? '';
});
afterAll(() => started.stop());

interface Answer {
  readonly code: number;
  readonly body: string;
}

function send(
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const { hostname, port } = new URL(started.server.url);
  return new Promise((resolve, reject) => {
    const request = https.request({
      hostname,
      port,
      method,
      path,
      rejectUnauthorized: false,
      agent: false,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        ...headers,
      },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => resolve({ code: response.statusCode ?? 0, body: Buffer.concat(pieces).toString() }));
    });
    request.end(body);
  });
}

const netNamespaces = '/apis/network.openshift.io/v1/netnamespaces';
const good = (name: string): object => ({
  apiVersion: 'network.openshift.io/v1',
  kind: 'NetNamespace',
  metadata: { name },
  netname: name,
  netid: 1,
});
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const apply = { 'content-type': 'application/apply-patch+yaml' };
const merge = { 'content-type': 'application/merge-patch+json' };
const jsonPatch = { 'content-type': 'application/json-patch+json' };

test.each<[string, number, Parameters<typeof send>]>([
  ['malformed JSON', 400, ['POST', netNamespaces, '{"kind":']],
  ['an empty body', 400, ['POST', netNamespaces, '']],
  ['a body that is a list', 400, ['POST', netNamespaces, '[]']],
  ['a body that is null', 400, ['POST', netNamespaces, 'null']],
  ['another kind', 400, ['POST', netNamespaces, JSON.stringify({ ...good('x'), kind: 'HostSubnet' })]],
  ['another version', 400, ['POST', netNamespaces, JSON.stringify({ ...good('x'), apiVersion: 'v1' })]],
  ['metadata of the wrong type', 400, ['POST', netNamespaces, JSON.stringify({ ...good('x'), metadata: 'x' })]],
  [
    'labels of the wrong type',
    400,
    ['POST', netNamespaces, JSON.stringify({ ...good('x'), metadata: { name: 'x', labels: { a: 1 } } })],
  ],
  ['a name of the wrong type', 400, ['POST', netNamespaces, JSON.stringify({ ...good('x'), metadata: { name: 1 } })]],
  ['no name', 422, ['POST', netNamespaces, JSON.stringify({ ...good('x'), metadata: {} })]],
  ['a name that walks up', 422, ['POST', netNamespaces, JSON.stringify({ ...good('../../etc'), netname: 'x' })]],
  ['a name that is too long', 422, ['POST', netNamespaces, JSON.stringify({ ...good('x'.repeat(300)), netname: 'x' })]],
  [
    'a field called __proto__',
    201,
    ['POST', netNamespaces, `{"__proto__": {"polluted": 1}, ${JSON.stringify(good('proto')).slice(1)}`],
  ],
  [
    'more than 3 MiB',
    413,
    ['POST', netNamespaces, JSON.stringify({ ...good('x'), netname: 'x'.repeat(3 * 1024 * 1024) })],
  ],
  ['nesting that is too deep', 400, ['POST', netNamespaces, nested(100_000)]],
  ['deep nesting of lists', 400, ['POST', netNamespaces, '['.repeat(200_000)]],
  ['invalid UTF-8', 400, ['POST', netNamespaces, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])]],
  ['an unknown media type', 415, ['POST', netNamespaces, 'x', { 'content-type': 'text/html' }]],
  [
    'protobuf that is none',
    400,
    ['POST', '/api/v1/namespaces', 'k8s?', { 'content-type': 'application/vnd.kubernetes.protobuf' }],
  ],
  [
    'protobuf that is cut off',
    400,
    [
      'POST',
      '/api/v1/namespaces',
      Buffer.from('k8s\0\x0a\xff\x01x', 'latin1'),
      { 'content-type': 'application/vnd.kubernetes.protobuf' },
    ],
  ],
  [
    'protobuf of another kind',
    415,
    [
      'POST',
      '/api/v1/namespaces',
      Buffer.from('k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod', 'latin1'),
      { 'content-type': 'application/vnd.kubernetes.protobuf' },
    ],
  ],
  ['an unknown path', 404, ['GET', '/nothing/here']],
  ['an unknown kind', 404, ['GET', '/apis/network.openshift.io/v1/things']],
  ['an unknown group', 404, ['GET', '/apis/example.org/v1']],
  ['an unknown subresource', 404, ['GET', `${netNamespaces}/x/scale`]],
  ['a path that walks up', 404, ['GET', `${netNamespaces}/../../../etc/passwd`]],
  ['an encoded path that walks up', 404, ['GET', `${netNamespaces}/..%2f..%2fetc%2fpasswd`]],
  ['a path that is no UTF-8', 400, ['GET', `${netNamespaces}/%ff%fe`]],
  ['a path with half an escape', 400, ['GET', `${netNamespaces}/%e`]],
  ['a method nobody knows', 405, ['PROPFIND', netNamespaces]],
  ['a PATCH of all', 405, ['PATCH', netNamespaces, '{}', merge]],
  ['a label selector that is none', 400, ['GET', `${netNamespaces}?labelSelector=a%20b%20c`]],
  ['a field selector that is none', 400, ['GET', `${netNamespaces}?fieldSelector=zzz`]],
  ['a field nobody can select by', 400, ['GET', `${netNamespaces}?fieldSelector=netid%3D1`]],
  ['a limit that is no number', 400, ['GET', `${netNamespaces}?limit=x`]],
  ['a continue that is none', 400, ['GET', `${netNamespaces}?continue=zzz`]],
  ['a version that is none', 400, ['GET', `${netNamespaces}?resourceVersion=-1`]],
  ['a version from the future', 504, ['GET', `${netNamespaces}?resourceVersion=999999999`]],
  ['an Accept we cannot do', 406, ['GET', netNamespaces, undefined, { accept: 'image/png' }]],
  ['a dry run of a kind nobody knows', 400, ['POST', `${netNamespaces}?dryRun=Some`, JSON.stringify(good('x'))]],
  ['a merge patch that is none', 400, ['PATCH', `${netNamespaces}/proto`, '[1]', merge]],
  ['a JSON patch that is none', 400, ['PATCH', `${netNamespaces}/proto`, '{}', jsonPatch]],
  ['a JSON patch of nonsense', 422, ['PATCH', `${netNamespaces}/proto`, '[{"op":"fly","path":"/a"}]', jsonPatch]],
  [
    'a JSON patch of what is not there',
    422,
    ['PATCH', `${netNamespaces}/proto`, '[{"op":"remove","path":"/a/b"}]', jsonPatch],
  ],
  [
    'a JSON patch that fails its test',
    422,
    ['PATCH', `${netNamespaces}/proto`, '[{"op":"test","path":"/netid","value":7}]', jsonPatch],
  ],
  [
    'a strict patch of an unknown field',
    422,
    ['PATCH', `${netNamespaces}/proto?fieldValidation=Strict`, '{"egressIP":1}', merge],
  ],
  ['apply without a manager', 422, ['PATCH', `${netNamespaces}/x`, JSON.stringify(good('x')), apply]],
  ['apply of YAML that is none', 400, ['PATCH', `${netNamespaces}/x?fieldManager=m`, 'a: [', apply]],
  ['apply with anchors', 400, ['PATCH', `${netNamespaces}/x?fieldManager=m`, 'a: &a [x, x]\nb: [*a, *a]\n', apply]],
  ['an update without a version', 422, ['PUT', `${netNamespaces}/proto`, JSON.stringify(good('proto'))]],
  [
    'an update of nothing',
    404,
    [
      'PUT',
      `${netNamespaces}/none`,
      JSON.stringify({ ...good('none'), metadata: { name: 'none', resourceVersion: '1' } }),
    ],
  ],
  ['a delete with nonsense', 400, ['DELETE', `${netNamespaces}/proto`, '{"gracePeriodSeconds": "soon"}']],
])('%s: status %i', async (_what, code, request) => {
  const answer = await send(...request);
  expect(answer.code).toBe(code);
  const status = JSON.parse(answer.body) as { kind: string; code: number };
  if (code !== 201) expect(status).toMatchObject({ kind: 'Status', code, status: 'Failure' });
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
  expect((await send('GET', '/readyz')).code).toBe(200);
});

test.each(['/__proto__/polluted', '/constructor/prototype/polluted'])(
  'a JSON patch of %s reaches no other object',
  async (path) => {
    await send('PATCH', `${netNamespaces}/proto`, JSON.stringify([{ op: 'add', path, value: 1 }]), jsonPatch);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  },
);

test('without the token everything but health and version is 401', async () => {
  for (const authorization of ['', 'Bearer x', 'Basic eDp5', token]) {
    expect((await send('GET', netNamespaces, undefined, { authorization })).code).toBe(401);
    expect((await send('GET', '/api', undefined, { authorization })).code).toBe(401);
    expect((await send('GET', '/version', undefined, { authorization })).code).toBe(200);
  }
});

test('bytes that are no HTTP request are answered with a Status too', async () => {
  const { hostname, port } = new URL(started.server.url);
  const socket = tls.connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () =>
    socket.write('NONSENSE\r\n\r\n'),
  );
  let text = '';
  await new Promise((resolve) =>
    socket
      .on('data', (piece: Buffer) => (text += piece.toString()))
      .on('close', resolve)
      .on('error', resolve),
  );
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ kind: 'Status', code: 400 });
});

test('a client that stops in the middle of its request holds nobody up', async () => {
  const { hostname, port } = new URL(started.server.url);
  const sockets = await Promise.all(
    Array.from(
      { length: 50 },
      () =>
        new Promise<tls.TLSSocket>((resolve) => {
          const socket = tls.connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () =>
            resolve(socket),
          );
          socket.on('error', () => undefined);
        }),
    ),
  );
  for (const socket of sockets) {
    socket.write(
      `POST ${netNamespaces} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"a":`,
    );
  }
  expect((await send('GET', netNamespaces)).code).toBe(200);
  for (const socket of sockets) socket.destroy();
  expect((await send('GET', netNamespaces)).code).toBe(200);
});

test('refused requests leave no memory behind', async () => {
  const bodies = ['{"a":', nested(2000), 'x'.repeat(100_000)];
  const round = async (times: number): Promise<void> => {
    for (let index = 0; index < times; index += 1)
      await send('POST', netNamespaces, bodies[index % bodies.length] ?? '');
  };
  await round(60);
  const before = process.memoryUsage().heapUsed;
  await round(240);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20);
});

test.each([
  ['limit=x', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['limit=', 'strconv.ParseInt: parsing "": invalid syntax'],
  ['limit=1.5', 'strconv.ParseInt: parsing "1.5": invalid syntax'],
  ['timeoutSeconds=abc', 'strconv.ParseInt: parsing "abc": invalid syntax'],
  ['watch=1&timeoutSeconds=abc', 'strconv.ParseInt: parsing "abc": invalid syntax'],
  ['watch=1&limit=abc', 'strconv.ParseInt: parsing "abc": invalid syntax'],
  ['timeoutSeconds=9223372036854775808', 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
])('%s is refused in the words of Go', async (query, message) => {
  const answer = await send('GET', `${netNamespaces}?${query}`);
  expect([answer.code, fieldOf(parseJson(answer.body), 'message')]).toEqual([400, message]);
});

test.each(['limit=-1', 'limit=%2B1', 'timeoutSeconds=-1', 'timeoutSeconds=0'])('%s is answered', async (query) => {
  expect((await send('GET', `${netNamespaces}?${query}`)).code).toBe(200);
});

test('a question mark in a query ends nothing', async () => {
  const all = await send('GET', `${netNamespaces}?a=1?b&limit=x`);
  expect(all.code).toBe(400);
});
