/** What requests say: paths, media types, bodies. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import {
  mediaType,
  parseJsonBody,
  parseObject,
  parseResourcePath,
  pathParts,
  readBody,
  type ResourcePath,
} from '../../../src/apiserver/http/request.ts';
import { Refusal } from '../../../src/apiserver/refusal.ts';
import { refusalOf } from '../things.ts';

const request = (headers: Readonly<Record<string, string>> = {}): IncomingMessage =>
  Object.assign(new IncomingMessage(new Socket()), { headers });

describe('a path', () => {
  const none = { namespace: undefined, name: undefined, subresource: undefined };
  const core = { group: '', version: 'v1' };

  test.each<readonly [string, ResourcePath]>([
    ['/api/v1/nodes', { ...core, ...none, plural: 'nodes' }],
    ['/api/v1/nodes/n', { ...core, ...none, plural: 'nodes', name: 'n' }],
    ['/api/v1/nodes/n/status', { ...core, ...none, plural: 'nodes', name: 'n', subresource: 'status' }],
    ['/api/v1/namespaces', { ...core, ...none, plural: 'namespaces' }],
    ['/api/v1/namespaces/ns', { ...core, ...none, plural: 'namespaces', name: 'ns' }],
    ['/api/v1/namespaces/ns/status', { ...core, ...none, plural: 'namespaces', name: 'ns', subresource: 'status' }],
    ['/api/v1/namespaces/ns/finalize', { ...core, ...none, plural: 'namespaces', name: 'ns', subresource: 'finalize' }],
    ['/api/v1/namespaces/ns/pods', { ...core, ...none, plural: 'pods', namespace: 'ns' }],
    ['/api/v1/namespaces/ns/pods/p', { ...core, ...none, plural: 'pods', namespace: 'ns', name: 'p' }],
    ['/api/v1/namespaces/ns/pods/p/log', { ...core, plural: 'pods', namespace: 'ns', name: 'p', subresource: 'log' }],
    ['/apis/example.org/v2/things', { ...none, group: 'example.org', version: 'v2', plural: 'things' }],
    [
      '/apis/example.org/v2/namespaces/ns/things/x',
      { ...none, group: 'example.org', version: 'v2', namespace: 'ns', plural: 'things', name: 'x' },
    ],
    ['//api//v1/nodes/', { ...core, ...none, plural: 'nodes' }],
    ['/api/v1/nodes/a%2Fb', { ...core, ...none, plural: 'nodes', name: 'a/b' }],
  ])('%s names a resource', (path, expected) => {
    expect(parseResourcePath(pathParts(path))).toEqual(expected);
  });

  test.each([
    '/',
    '/api',
    '/api/v1',
    '/apis',
    '/apis/example.org',
    '/apis/example.org/v1',
    '/version',
    '/openapi/v1/nodes',
    '/api/v1/nodes/n/status/more',
    '/api/v1/namespaces/ns/pods/p/log/more',
  ])('%s names none', (path) => {
    expect(parseResourcePath(pathParts(path))).toBeUndefined();
  });

  it('must be UTF-8', () => {
    expect(refusalOf(() => pathParts('/api/%ff'))).toMatchObject({ code: 400, message: 'the path is not valid UTF-8' });
  });
});

test.each<readonly [string, string]>([
  ['application/json', 'application/json'],
  ['Application/YAML; charset=utf-8', 'application/yaml'],
  [' text/plain ;x', 'text/plain'],
])('the media type of %j is %s', (header, type) => {
  expect(mediaType(request({ 'content-type': header }))).toBe(type);
});

it('takes a body without a media type for JSON', () => {
  expect(mediaType(request())).toBe('application/json');
});

describe('a JSON body', () => {
  const nested = (depth: number): Buffer => Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`);

  it('may be nested 500 deep, not deeper', () => {
    expect(() => parseJsonBody(nested(500))).not.toThrow();
    expect(refusalOf(() => parseJsonBody(nested(501)))).toMatchObject({
      code: 400,
      message: 'json parse error: exceeded max depth',
    });
  });

  it('may have as many brackets as it likes in its texts and side by side', () => {
    const text = `{"a":"${'['.repeat(600)}","b\\"[":${JSON.stringify('\\'.repeat(600))},"c":[${'[],'.repeat(600)}{}]}`;
    expect(() => parseJsonBody(Buffer.from(text))).not.toThrow();
  });

  it('is seen to be too deep also behind a text with an escaped quote', () => {
    const deep = '['.repeat(501);
    expect(refusalOf(() => parseJsonBody(Buffer.from(`["a\\"",${deep}${' '.repeat(600)}`))).message).toContain(
      'max depth',
    );
  });

  it('must be JSON in UTF-8', () => {
    expect(refusalOf(() => parseJsonBody(Buffer.from('{"a":'))).message).toBe(
      "couldn't get version/kind; json parse error: unexpected end of JSON input",
    );
    expect(refusalOf(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22]))).message).toBe('the body is not valid UTF-8');
  });
});

describe('an object in a body', () => {
  test.each<readonly [string, string]>([
    ['application/json', '{"a": [1, null]}'],
    ['application/yaml', 'a:\n- 1\n- null\n'],
    ['application/yaml', ' {"a": [1, null]}'],
    ['application/apply-patch+yaml', 'a: [1, ~]'],
  ])('is read from %s: %j', (type, text) => {
    expect(parseObject(Buffer.from(text), type)).toEqual({ a: [1, null] });
  });

  it('that begins as JSON is read as JSON', () => {
    expect(refusalOf(() => parseObject(Buffer.from('{a: 1}'), 'application/yaml')).message).toBe(
      "couldn't get version/kind; json parse error: invalid character 'a' looking for beginning of object key string",
    );
  });

  test.each<readonly [string, string, RegExp]>([
    ['application/yaml', 'a: [', /^error decoding YAML: /],
    ['application/yaml', 'a: &x [1]\nb: *x\n', /^error decoding YAML: /],
    ['application/yaml', `a: ${'['.repeat(501)}${']'.repeat(501)}`, /^error decoding YAML: /],
    ['application/yaml', '- a', /^the body is not an object$/],
    ['application/json', '[]', /^the body is not an object$/],
    ['application/json', 'null', /^the body is not an object$/],
  ])('of %s is not %j', (type, text, message) => {
    const refused = refusalOf(() => parseObject(Buffer.from(text), type));
    expect(refused.code).toBe(400);
    expect(refused.message).toMatch(message);
  });

  it('is read from nothing else', () => {
    expect(refusalOf(() => parseObject(Buffer.from('{}'), 'text/html')).code).toBe(415);
  });
});

describe('the body of a request', () => {
  const limit = 3 * 1024 * 1024;

  it('is read as a whole', async () => {
    const incoming = request();
    for (const piece of ['{"a"', ':', '1}']) incoming.push(piece);
    incoming.push(null);
    expect((await readBody(incoming)).toString()).toBe('{"a":1}');
  });

  it('may be empty', async () => {
    const incoming = request();
    incoming.push(null);
    expect(await readBody(incoming)).toHaveLength(0);
  });

  it('may have 3 MiB', async () => {
    const incoming = request({ 'content-length': String(limit) });
    incoming.push(Buffer.alloc(limit));
    incoming.push(null);
    expect(await readBody(incoming)).toHaveLength(limit);
  });

  const tooLarge = { code: 413, message: 'Request entity too large: limit is 3145728' };

  it('is not begun when it says that it has more', async () => {
    await expect(readBody(request({ 'content-length': String(limit + 1) }))).rejects.toMatchObject(tooLarge);
  });

  it('is not read to its end when it has more without saying so', async () => {
    const incoming = request();
    const reading = readBody(incoming);
    incoming.push(Buffer.alloc(limit));
    incoming.push(Buffer.alloc(1));
    await expect(reading).rejects.toMatchObject(tooLarge);
    expect(incoming.isPaused()).toBe(true);
  });

  it('that ends early is refused', async () => {
    const incoming = request();
    const reading = readBody(incoming);
    incoming.push('{');
    incoming.destroy();
    await expect(reading).rejects.toThrow(Refusal);
  });
});
