/** Deletes: the options that a request has, and the answers that it gets. */
import { createServer, type Server } from 'node:http';
import { protobufType } from '../../../src/apiserver/http/protobuf.ts';
import { Refusal } from '../../../src/apiserver/refusal.ts';
import { handleDelete } from '../../../src/apiserver/write/deletion.ts';
import type { NamedTarget } from '../../../src/apiserver/write/objects.ts';
import { fieldOf, type JsonObject } from '../../../src/model/values/json.ts';
import { kindIn, type Shelf, shelf, thing, writeAs } from '../things.ts';

let server: Server | undefined;
afterEach(() => server?.close());

interface Asked {
  readonly query?: string;
  readonly type?: string;
  readonly body?: string;
}

/** What a client is told that deletes the target. */
async function deleted(on: Shelf, target: NamedTarget, { query = '', type, body }: Asked = {}): Promise<unknown> {
  const started = createServer((request, response) => {
    const exchange = { request, response, query: new URLSearchParams(query) };
    handleDelete(on.objects, exchange, target).catch((error: unknown) => {
      response.statusCode = error instanceof Refusal ? error.code : 500;
      response.end(JSON.stringify(String(error)));
    });
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const address = started.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const answer = await fetch(`http://127.0.0.1:${address.port}`, {
    method: 'DELETE',
    headers: { connection: 'close', ...(type === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body }),
  });
  return { code: answer.status, body: await answer.json() };
}

/** A shelf with one Thing. */
function withThing(metadata: JsonObject = {}): {
  readonly on: Shelf;
  readonly target: NamedTarget;
  readonly uid: string;
} {
  const on = shelf();
  const target = { resource: on.things, namespace: undefined, name: 'x' };
  const { object } = on.objects.create(target, thing('x', {}, metadata), writeAs);
  return { on, target, uid: object.metadata.uid };
}

it('answers with a Status that says what is gone', async () => {
  const { on, target, uid } = withThing();
  expect(await deleted(on, target)).toEqual({
    code: 200,
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'x', group: 'example.org', kind: 'things', uid },
    },
  });
  expect(on.objects.has(target)).toBe(false);
});

it('names no group for a kind of the core', async () => {
  const on = shelf();
  const target = { resource: kindIn(on.registry, 'nodes'), namespace: undefined, name: 'x' };
  const { object } = on.objects.create(target, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'x' } }, writeAs);
  const { uid } = object.metadata;
  expect(fieldOf(await deleted(on, target), 'body', 'details')).toEqual({ name: 'x', kind: 'nodes', uid });
});

it('answers with the object while a finalizer keeps it', async () => {
  const { on, target, uid } = withThing({ finalizers: ['example.org/f'] });
  expect(await deleted(on, target)).toMatchObject({
    code: 200,
    body: { kind: 'Thing', metadata: { name: 'x', uid, deletionTimestamp: '2026-01-01T00:00:00Z' } },
  });
  expect(on.objects.has(target)).toBe(true);
});

it('heeds the options of the body', async () => {
  const { on, target } = withThing();
  const body = JSON.stringify({ preconditions: { uid: 'another' } });
  expect(await deleted(on, target, { body, type: 'application/json' })).toMatchObject({ code: 409 });
  expect(on.objects.has(target)).toBe(true);
});

it('heeds those of the query', async () => {
  const { on, target } = withThing();
  expect(await deleted(on, target, { query: 'dryRun=All' })).toMatchObject({ code: 200, body: { status: 'Success' } });
  expect(on.objects.has(target)).toBe(true);
});

it('ignores options in protobuf', async () => {
  const { on, target } = withThing();
  expect(await deleted(on, target, { body: 'k8s\0', type: protobufType })).toMatchObject({ code: 200 });
  expect(on.objects.has(target)).toBe(false);
});

it('reads a body as JSON, whatever its type says otherwise', async () => {
  const { on, target } = withThing();
  const body = JSON.stringify({ dryRun: ['All'] });
  expect(await deleted(on, target, { body, type: 'text/plain' })).toMatchObject({ code: 200 });
  expect(on.objects.has(target)).toBe(true);
});

it('refuses a body that is no object, and deletes nothing', async () => {
  for (const body of ['{', '[]']) {
    const { on, target } = withThing();
    expect(await deleted(on, target, { body, type: 'application/json' })).toMatchObject({ code: 400 });
    expect(on.objects.has(target)).toBe(true);
  }
});

it('says so if there is nothing to delete', async () => {
  const on = shelf();
  expect(await deleted(on, { resource: on.things, namespace: undefined, name: 'x' })).toMatchObject({ code: 404 });
});
