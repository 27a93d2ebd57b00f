/** Changes of objects that others change, too, against a real server. */
import { netNamespaces } from '../../../api/kinds.ts';
import { isConflict } from '../../../src/io/kube/error.ts';
import { changeFresh, guarded } from '../../../src/io/kube/fresh.ts';
import type { NetNamespaceObject } from '../../../src/model/objects/raw.ts';
import { start, type Started } from '../../apiserver/started.ts';

let started: Started;
beforeAll(async () => {
  started = await start();
});
afterAll(() => started.stop());

const { signal } = new AbortController();
const make = (name: string): Promise<NetNamespaceObject> =>
  started.client.create<NetNamespaceObject>(netNamespaces, {
    apiVersion: 'network.openshift.io/v1',
    kind: 'NetNamespace',
    metadata: { name },
    netname: name,
    netid: 1,
  });
const change = (
  name: string,
  patch: (present: NetNamespaceObject) => unknown,
): Promise<NetNamespaceObject | undefined> =>
  changeFresh<NetNamespaceObject>(started.client, { kind: netNamespaces, ref: { name }, change: patch }, signal);
const raise = (name: string): Promise<NetNamespaceObject> =>
  started.client
    .get<NetNamespaceObject>(netNamespaces, { name })
    .then((present) =>
      started.client.patch<NetNamespaceObject>(
        netNamespaces,
        { name },
        { netid: (present?.netid ?? 0) + 1 },
        { type: 'merge' },
      ),
    );

it('names the version and the object that a patch is for, besides other metadata', () => {
  const object = { metadata: { name: 'x', uid: 'u', resourceVersion: '7', labels: { a: 'b' } } };
  expect(guarded(object, { netid: 2 }, { annotations: { c: 'd' } })).toEqual({
    netid: 2,
    metadata: { annotations: { c: 'd' }, uid: 'u', resourceVersion: '7' },
  });
});

it('gives back the object as stored', async () => {
  await make('a');
  expect(await change('a', (present) => guarded(present, { netid: 2 }))).toMatchObject({ netid: 2 });
});

it('gives back nothing for an object that is not there', async () => {
  expect(await change('none', () => ({ netid: 2 }))).toBeUndefined();
});

it('gives back the present object when there is nothing to change', async () => {
  const { metadata } = await make('b');
  expect(await change('b', () => undefined)).toMatchObject({ metadata: { resourceVersion: metadata.resourceVersion } });
});

it('decides again from what others have written meanwhile', async () => {
  await make('c');
  const seen: (number | undefined)[] = [];
  let others: Promise<unknown> | undefined;
  const add = async (): Promise<NetNamespaceObject | undefined> =>
    changeFresh<NetNamespaceObject>(
      {
        ...started.client,
        get: started.client.get.bind(started.client),
        patch: async (...given) => {
          others ??= raise('c');
          await others;
          return started.client.patch(...given);
        },
      },
      {
        kind: netNamespaces,
        ref: { name: 'c' },
        change: (present) => {
          seen.push(present.netid);
          return guarded(present, { netid: present.netid + 10 });
        },
      },
      signal,
    );
  expect(await add()).toMatchObject({ netid: 12 });
  expect(seen).toEqual([1, 2]);
});

it('loses no change of many at once', async () => {
  await make('d');
  await Promise.all(
    Array.from({ length: 5 }, () => change('d', (present) => guarded(present, { netid: present.netid + 1 }))),
  );
  expect(await change('d', () => undefined)).toMatchObject({ netid: 6 });
});

it('gives up at once when it is refused for another reason', async () => {
  await make('e');
  let tries = 0;
  const wrong = change('e', (present) => {
    tries += 1;
    return guarded(present, { netid: -1 });
  });
  await expect(wrong).rejects.toMatchObject({ code: 422 });
  expect(tries).toBe(1);
});

it('gives up after ten conflicts', async () => {
  await make('f');
  let tries = 0;
  const hurry = new AbortController(); // ends the pauses between the attempts
  hurry.abort();
  const stale = changeFresh<NetNamespaceObject>(
    {
      ...started.client,
      get: (kind, ref) => started.client.get(kind, ref),
      patch: (kind, ref, body) => started.client.patch(kind, ref, body, { type: 'merge' }),
    },
    {
      kind: netNamespaces,
      ref: { name: 'f' },
      change: (present) => {
        tries += 1;
        return guarded({ metadata: { ...present.metadata, resourceVersion: '1' } }, { netid: 3 });
      },
    },
    hurry.signal,
  );
  const error: unknown = await stale.catch((failure: unknown) => failure);
  expect([isConflict(error), tries]).toEqual([true, 10]);
});
