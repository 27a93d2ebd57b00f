/** The verbs, on a state in memory. */
import type { StoredObject } from '../../../src/apiserver/store/object.ts';
import type { NamedTarget, Written } from '../../../src/apiserver/write/objects.ts';
import type { WriteSettings } from '../../../src/apiserver/write/settings.ts';
import type { JsonObject } from '../../../src/model/values/json.ts';
import { deleteNow, kindIn, refusalOf, type Shelf, shelf, thing, thingCrd, writeAs } from '../things.ts';

/** The clock of jest. */
const timers = import.meta.jest;

const at = ({ things }: Shelf, name: string, namespace?: string): NamedTarget => ({
  resource: things,
  namespace,
  name,
});
const create = (on: Shelf, body: JsonObject, settings: Partial<WriteSettings> = {}, namespace?: string): Written =>
  on.objects.create({ resource: on.things, namespace }, body, { ...writeAs, ...settings });
const update = (
  on: Shelf,
  name: string,
  change: (old: StoredObject) => JsonObject,
  settings: Partial<WriteSettings> = {},
): Written => on.objects.update(at(on, name), change, { ...writeAs, ...settings });
const names = ({ store }: Shelf, id: string): string[] =>
  store
    .collection(id)
    .sorted()
    .map(({ object }) => object.metadata.name);
const makePod = (on: Shelf, name: string, metadata: JsonObject = {}, namespace = 'default'): void => {
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...metadata },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'c' }] },
  };
  on.objects.create({ resource: kindIn(on.registry, 'pods'), namespace }, body, writeAs);
};
/** Waits for what the server does by itself after a change. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

describe('create', () => {
  it('fills in what the server knows: defaults, uid, version, time, generation, who wrote', () => {
    const on = shelf();
    const before = on.store.version;
    const { object, warnings } = create(on, thing('x', { size: 1 }));
    expect(object).toMatchObject({
      apiVersion: 'example.org/v1',
      kind: 'Thing',
      metadata: {
        name: 'x',
        resourceVersion: String(before + 1),
        creationTimestamp: '2026-01-01T00:00:00Z',
        generation: 1,
        managedFields: [{ manager: 'tester' }],
      },
      spec: { size: 1, mode: 'Slow' },
    });
    expect(object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(warnings).toEqual([]);
    expect(on.objects.get(at(on, 'x'))).toBe(object);
  });

  it('believes no client about uid, generation and deletion', () => {
    const claimed = {
      uid: 'mine',
      generation: 9,
      deletionTimestamp: '2020-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 3,
      selfLink: '/',
      creationTimestamp: '2020-01-01T00:00:00Z',
    };
    const { metadata } = create(shelf(), thing('x', {}, claimed)).object;
    expect(metadata.uid).not.toBe('mine');
    expect(metadata).toMatchObject({ generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' });
    expect(
      Object.keys(metadata).filter((key) =>
        ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink', 'namespace'].includes(key),
      ),
    ).toEqual([]);
  });

  it('keeps no generation of built-in kinds', () => {
    const on = shelf();
    makePod(on, 'p');
    expect(on.store.collection('pods').get('default/p')?.object.metadata).not.toHaveProperty('generation');
  });

  it('completes the beginning of a name, but prefers a name', () => {
    const on = shelf();
    expect(create(on, { ...thing('x'), metadata: { generateName: 'gen-' } }).object.metadata.name).toBe('gen-rrrrr');
    expect(create(on, thing('x', {}, { generateName: 'gen-' })).object.metadata.name).toBe('x');
  });

  it('stores nothing in a dry run, and shows the version that the server has', () => {
    const on = shelf();
    const before = on.store.version;
    expect(create(on, thing('x'), { dryRun: true }).object.metadata.resourceVersion).toBe(String(before));
    expect([on.objects.has(at(on, 'x')), on.store.version]).toEqual([false, before]);
  });

  it('checks in a dry run, too', () => {
    const on = shelf();
    create(on, thing('x'));
    expect(refusalOf(() => create(on, thing('x'), { dryRun: true })).reason).toBe('AlreadyExists');
  });

  test.each<readonly [WriteSettings['fieldValidation'], readonly string[]]>([
    ['Warn', ['unknown field "spec.siez"']],
    ['Ignore', []],
  ])('with %s drops an unknown field and warns of %j', (fieldValidation, warnings) => {
    const written = create(shelf(), thing('x', { siez: 1 }), { fieldValidation });
    expect(written.object['spec']).toEqual({ mode: 'Slow' });
    expect(written.warnings).toEqual(warnings);
  });

  it('with Strict refuses unknown fields', () => {
    expect(refusalOf(() => create(shelf(), thing('x', { siez: 1 }), { fieldValidation: 'Strict' }))).toEqual({
      code: 400,
      reason: 'BadRequest',
      message: 'Thing in version "v1" cannot be handled as a Thing: strict decoding error: unknown field "spec.siez"',
    });
    expect(create(shelf(), thing('x'), { fieldValidation: 'Strict' }).warnings).toEqual([]);
  });

  test.each<readonly [string, JsonObject, number, string]>([
    ['a name that is there', thing('there'), 409, 'things.example.org "there" already exists'],
    [
      'a version',
      thing('x', {}, { resourceVersion: '3' }),
      400,
      'resourceVersion should not be set on objects to be created',
    ],
    [
      'no name',
      thing(''),
      422,
      'Thing.example.org "" is invalid: metadata.name: Required value: name or generateName is required',
    ],
    [
      'a wrong value',
      thing('x', { size: -1 }),
      422,
      'Thing.example.org "x" is invalid: spec.size: Invalid value: -1: spec.size in body should be greater than or equal to 0',
    ],
  ])('refuses %s', (_what, body, code, message) => {
    const on = shelf();
    create(on, thing('there'));
    expect(refusalOf(() => create(on, body))).toMatchObject({ code, message });
  });

  it('names every error of an object at once', () => {
    const { message } = refusalOf(() => create(shelf(), thing('X', { size: -1 }, { labels: { a: ' ' } })));
    expect(message).toMatch(
      /^Thing\.example\.org "X" is invalid: \[metadata\.name: .*, metadata\.labels: .*, spec\.size: /,
    );
  });

  it('checks the names of namespaces as labels', () => {
    const on = shelf();
    const target = { resource: kindIn(on.registry, 'namespaces'), namespace: undefined };
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a.b' } };
    expect(refusalOf(() => on.objects.create(target, body, writeAs)).message).toContain('RFC 1123 label');
  });

  it('refuses a CRD that says too little, and serves nothing of it', () => {
    const on = shelf();
    const target = {
      resource: kindIn(on.registry, 'customresourcedefinitions', 'apiextensions.k8s.io'),
      namespace: undefined,
    };
    const body = { ...thingCrd(), metadata: { name: 'others.example.org' } };
    expect(refusalOf(() => on.objects.create(target, body, writeAs)).code).toBe(422);
    expect(on.registry.ofCrd('others.example.org')).toEqual([]);
  });

  it('leaves the managers of an apply as they are', () => {
    const managed = [{ manager: 'a', operation: 'Apply' }];
    const written = create(shelf(), thing('x', {}, { managedFields: managed }), {
      writer: { manager: 'a', operation: 'Apply', subresource: '' },
    });
    expect(written.object.metadata['managedFields']).toEqual(managed);
  });

  describe('in a namespace', () => {
    const scoped = { scope: 'Namespaced' };

    it('puts the object there', () => {
      const on = shelf(scoped);
      expect(create(on, thing('x'), {}, 'default').object.metadata.namespace).toBe('default');
      expect([on.objects.has(at(on, 'x', 'default')), on.objects.has(at(on, 'x', 'kube-system'))]).toEqual([
        true,
        false,
      ]);
    });

    it('refuses an object that says another one', () => {
      expect(
        refusalOf(() => create(shelf(scoped), thing('x', {}, { namespace: 'other' }), {}, 'default')),
      ).toMatchObject({
        code: 400,
        message: 'the namespace of the provided object does not match the namespace sent on the request',
      });
    });

    it('refuses one that does not exist', () => {
      expect(refusalOf(() => create(shelf(scoped), thing('x'), {}, 'none'))).toMatchObject({
        code: 404,
        message: 'namespaces "none" not found',
      });
    });

    it('refuses one that is being deleted', () => {
      const on = shelf(scoped);
      const target = { resource: kindIn(on.registry, 'namespaces'), namespace: undefined, name: 'going' };
      on.objects.create(target, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'going' } }, writeAs);
      on.objects.delete(target, deleteNow);
      expect(refusalOf(() => create(on, thing('x'), {}, 'going'))).toMatchObject({
        code: 403,
        message:
          'things.example.org "x" is forbidden: unable to create new content in namespace going because it is being terminated',
      });
    });
  });
});

describe('update', () => {
  it('stores the new state under a new version and counts the generation', () => {
    const on = shelf();
    const before = create(on, thing('x', { size: 1 })).object;
    const { object } = update(on, 'x', (old) => ({ ...old, spec: { size: 2 } }));
    expect(object).toMatchObject({ metadata: { generation: 2, uid: before.metadata.uid }, spec: { size: 2 } });
    expect(Number(object.metadata.resourceVersion)).toBe(Number(before.metadata.resourceVersion) + 1);
    expect(on.objects.get(at(on, 'x'))).toBe(object);
  });

  it('that changes nothing stores nothing, even by another program', () => {
    const on = shelf();
    const before = create(on, thing('x', { size: 1 })).object;
    const writer = { ...writeAs.writer, manager: 'another' };
    expect(update(on, 'x', (old) => ({ ...old }), { writer }).object).toBe(before);
    expect(update(on, 'x', () => thing('x', { size: 1 }), { writer }).object).toBe(before);
    expect(on.store.version).toBe(Number(before.metadata.resourceVersion));
  });

  it('cannot change what the server keeps', () => {
    const on = shelf();
    const { metadata } = create(on, thing('x')).object;
    const claimed = {
      creationTimestamp: '2020-01-01T00:00:00Z',
      generation: 9,
      deletionTimestamp: '2020-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 3,
    };
    const { object } = update(on, 'x', () => thing('x', {}, { ...claimed, labels: { a: 'b' } }));
    expect(object.metadata).toMatchObject({
      creationTimestamp: metadata.creationTimestamp,
      generation: 1,
      labels: { a: 'b' },
    });
    expect(object.metadata).not.toHaveProperty('deletionTimestamp');
    expect(object.metadata).not.toHaveProperty('deletionGracePeriodSeconds');
  });

  it('stores nothing in a dry run, and shows what it would be, in the old version', () => {
    const on = shelf();
    const before = create(on, thing('x')).object;
    const { object } = update(on, 'x', () => thing('x', { size: 3 }), { dryRun: true });
    expect(object).toMatchObject({ spec: { size: 3 }, metadata: { resourceVersion: before.metadata.resourceVersion } });
    expect(on.objects.get(at(on, 'x'))).toBe(before);
  });

  it('of the status changes only that', () => {
    const on = shelf({ status: true });
    create(on, thing('x', { size: 1 }));
    const { object } = update(on, 'x', (old) => ({ ...old, spec: { size: 9 }, status: { ready: true } }), {
      status: true,
    });
    expect(object).toMatchObject({ spec: { size: 1 }, status: { ready: true }, metadata: { generation: 1 } });
  });

  test.each<readonly [string, JsonObject, number, string]>([
    ['another name', thing('y'), 400, 'the name of the object (y) does not match the name on the URL (x)'],
    [
      'an old version',
      thing('x', {}, { resourceVersion: '1' }),
      409,
      'Operation cannot be fulfilled on things.example.org "x": the object has been modified; please apply your changes to the latest version and try again',
    ],
    [
      'a wrong value',
      thing('x', { size: -1 }),
      422,
      'Thing.example.org "x" is invalid: spec.size: Invalid value: -1: spec.size in body should be greater than or equal to 0',
    ],
  ])('refuses %s', (_what, body, code, message) => {
    const on = shelf();
    create(on, thing('x'));
    expect(refusalOf(() => update(on, 'x', () => body))).toMatchObject({ code, message });
  });

  it('refuses a change that is meant for an object of this name that is gone', () => {
    const on = shelf();
    const { uid } = create(on, thing('x')).object.metadata;
    expect(refusalOf(() => update(on, 'x', () => thing('x', {}, { uid: 'gone' })))).toMatchObject({
      code: 409,
      message: `Operation cannot be fulfilled on things.example.org "x": Precondition failed: UID in precondition: gone, UID in object meta: ${uid}`,
    });
  });

  it('refuses what is not there', () => {
    expect(refusalOf(() => update(shelf(), 'x', () => thing('x')))).toMatchObject({ code: 404 });
  });

  it('with an unknown field is strict in other words for a patch, which show the object', () => {
    const on = shelf();
    create(on, thing('x'));
    const change = (): JsonObject => thing('x', { siez: 1 });
    expect(refusalOf(() => update(on, 'x', change, { fieldValidation: 'Strict' }))).toMatchObject({ code: 400 });
    expect(refusalOf(() => update(on, 'x', change, { fieldValidation: 'Strict', patch: true }))).toEqual({
      code: 422,
      reason: 'Invalid',
      message: String.raw` "" is invalid: patch: Invalid value: "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"siez\":1}}": strict decoding error: unknown field "spec.siez"`,
    });
    expect(update(on, 'x', change, { patch: true }).warnings).toEqual(['unknown field "spec.siez"']);
    expect(update(on, 'x', change, { patch: true, fieldValidation: 'Ignore' }).warnings).toEqual([]);
  });

  it('of a CRD serves what it defines by then', () => {
    const on = shelf();
    const target = {
      resource: kindIn(on.registry, 'customresourcedefinitions', 'apiextensions.k8s.io'),
      namespace: undefined,
      name: 'things.example.org',
    };
    on.objects.update(target, (old) => ({ ...old, spec: thingCrd({ status: true })['spec'] ?? {} }), writeAs);
    expect(on.registry.find('example.org', 'v1', 'things')?.hasStatus).toBe(true);
  });
});

describe('replace', () => {
  it('needs the version that it replaces, for kinds from a CRD', () => {
    const on = shelf();
    const { resourceVersion } = create(on, thing('x')).object.metadata;
    expect(refusalOf(() => on.objects.replace(at(on, 'x'), thing('x', { size: 2 }), writeAs))).toMatchObject({
      code: 422,
      message:
        'Thing.example.org "x" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
    });
    const body = thing('x', { size: 2 }, { resourceVersion });
    expect(on.objects.replace(at(on, 'x'), body, writeAs).object['spec']).toEqual({ size: 2, mode: 'Slow' });
  });

  it('needs none for built-in kinds', () => {
    const on = shelf();
    const target = { resource: kindIn(on.registry, 'namespaces'), namespace: undefined, name: 'default' };
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', labels: { a: 'b' } } };
    expect(on.objects.replace(target, body, writeAs).object.metadata['labels']).toEqual({
      a: 'b',
      'kubernetes.io/metadata.name': 'default',
    });
  });

  it('cannot give a Namespace the name of another one as its label', () => {
    const on = shelf();
    const target = { resource: kindIn(on.registry, 'namespaces'), namespace: undefined, name: 'default' };
    const labels = { 'kubernetes.io/metadata.name': 'kube-system' };
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', labels } };
    expect(on.objects.replace(target, body, writeAs).object.metadata['labels']).toEqual({
      'kubernetes.io/metadata.name': 'default',
    });
  });
});

describe('delete', () => {
  it('removes an object at once, and the watches hear of it under a new version', () => {
    const on = shelf();
    create(on, thing('x'));
    const position = on.store.collection('things.example.org').end();
    const version = on.store.version;
    expect(on.objects.delete(at(on, 'x'), deleteNow)).toMatchObject({ gone: true, last: { metadata: { name: 'x' } } });
    expect(on.objects.has(at(on, 'x'))).toBe(false);
    expect(on.store.collection('things.example.org').read(position, 9)).toMatchObject([
      { type: 'DELETED', entry: { version: version + 1 } },
    ]);
  });

  it('removes nothing in a dry run', () => {
    const on = shelf();
    create(on, thing('x', {}, { finalizers: ['f'] }));
    create(on, thing('y'));
    const version = on.store.version;
    expect(on.objects.delete(at(on, 'y'), { ...deleteNow, dryRun: true }).gone).toBe(true);
    const marked = on.objects.delete(at(on, 'x'), { ...deleteNow, dryRun: true });
    expect(marked).toMatchObject({ gone: false, last: { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } } });
    expect(names(on, 'things.example.org')).toEqual(['x', 'y']);
    expect(on.objects.get(at(on, 'x')).metadata).not.toHaveProperty('deletionTimestamp');
    expect(on.store.version).toBe(version);
  });

  it('waits for finalizers: the object goes with the last of them', () => {
    const on = shelf();
    create(on, thing('x', {}, { finalizers: ['a', 'b'] }));
    const { last, gone } = on.objects.delete(at(on, 'x'), deleteNow);
    expect(gone).toBe(false);
    expect(last.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 });
    update(on, 'x', (old) => ({ ...old, metadata: { ...old.metadata, finalizers: ['b'] } }));
    expect(on.objects.has(at(on, 'x'))).toBe(true);
    update(on, 'x', (old) => ({ ...old, metadata: { ...old.metadata, finalizers: [] } }));
    expect(on.objects.has(at(on, 'x'))).toBe(false);
  });

  it('leaves an object that has lost its finalizers without being deleted', () => {
    const on = shelf();
    create(on, thing('x', {}, { finalizers: ['a'] }));
    update(on, 'x', (old) => ({ ...old, metadata: { ...old.metadata, finalizers: [] } }));
    expect(on.objects.has(at(on, 'x'))).toBe(true);
  });

  test.each<readonly [string, { readonly uid?: string; readonly resourceVersion?: string }]>([
    ['UID', { uid: 'other' }],
    ['ResourceVersion', { resourceVersion: '1' }],
  ])('refuses another %s than it is meant for', (what, condition) => {
    const on = shelf();
    create(on, thing('x'));
    const { code, message } = refusalOf(() => on.objects.delete(at(on, 'x'), { ...deleteNow, ...condition }));
    expect(code).toBe(409);
    expect(message).toContain(
      `Precondition failed: ${what} in precondition: ${Object.values(condition).join('')}, ${what} in object meta: `,
    );
    expect(on.objects.has(at(on, 'x'))).toBe(true);
  });

  it('takes the object that it is meant for', () => {
    const on = shelf();
    const { uid, resourceVersion } = create(on, thing('x')).object.metadata;
    expect(on.objects.delete(at(on, 'x'), { ...deleteNow, uid, resourceVersion }).gone).toBe(true);
  });

  it('gives a pod on a node its time; a shorter time wins, a longer does not', () => {
    const on = shelf();
    makePod(on, 'p');
    const target = { resource: kindIn(on.registry, 'pods'), namespace: 'default', name: 'p' };
    const ask = (gracePeriodSeconds: number | undefined): unknown => {
      const { last, gone } = on.objects.delete(target, { ...deleteNow, gracePeriodSeconds });
      return gone ? 'gone' : [last.metadata['deletionTimestamp'], last.metadata['deletionGracePeriodSeconds']];
    };
    expect(ask(undefined)).toEqual(['2026-01-01T00:00:30Z', 30]);
    on.clock.now = new Date('2026-01-01T00:00:10Z');
    const version = on.store.version;
    expect(ask(60)).toEqual(['2026-01-01T00:00:30Z', 30]);
    expect(ask(30)).toEqual(['2026-01-01T00:00:30Z', 30]);
    expect(on.store.version).toBe(version);
    expect(ask(5)).toEqual(['2026-01-01T00:00:15Z', 5]);
    expect(ask(0)).toBe('gone');
  });

  it('keeps a pod that is on its way out while it is changed', () => {
    const on = shelf();
    makePod(on, 'p');
    const target = { resource: kindIn(on.registry, 'pods'), namespace: 'default', name: 'p' };
    on.objects.delete(target, deleteNow);
    on.objects.update(target, (old) => ({ ...old, metadata: { ...old.metadata, labels: { a: 'b' } } }), writeAs);
    expect(on.objects.get(target).metadata).toMatchObject({ labels: { a: 'b' }, deletionGracePeriodSeconds: 30 });
  });

  test.each(['default', 'kube-system'])('refuses to take away the namespace %s', (name) => {
    const on = shelf();
    const target = { resource: kindIn(on.registry, 'namespaces'), namespace: undefined, name };
    expect(refusalOf(() => on.objects.delete(target, deleteNow))).toMatchObject({
      code: 403,
      message: `namespaces "${name}" is forbidden: this namespace may not be deleted`,
    });
  });

  it('lets an object of another kind have the name of such a namespace', () => {
    const on = shelf();
    create(on, thing('default'));
    expect(on.objects.delete(at(on, 'default'), deleteNow).gone).toBe(true);
  });

  it('of a CRD removes its objects, each under its own version, and serves it no more', () => {
    const on = shelf();
    for (const name of ['x', 'y']) create(on, thing(name));
    const target = {
      resource: kindIn(on.registry, 'customresourcedefinitions', 'apiextensions.k8s.io'),
      namespace: undefined,
      name: 'things.example.org',
    };
    const things = on.store.collection('things.example.org');
    const position = things.end();
    on.objects.delete(target, deleteNow);
    const told = things.read(position, 9) ?? [];
    expect(told.map(({ type, entry }) => `${type} ${entry.object.metadata.name}`)).toEqual(['DELETED x', 'DELETED y']);
    expect(new Set(told.map(({ entry }) => entry.version)).size).toBe(2);
    expect(on.registry.find('example.org', 'v1', 'things')).toBeUndefined();
  });
});

describe('the deletion of a namespace', () => {
  const namespaceOf = (on: Shelf): NamedTarget => ({
    resource: kindIn(on.registry, 'namespaces'),
    namespace: undefined,
    name: 'ns',
  });
  const withNamespace = (metadata: JsonObject = {}): Shelf => {
    const on = shelf({ scope: 'Namespaced' });
    on.objects.create(
      namespaceOf(on),
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns', ...metadata } },
      writeAs,
    );
    return on;
  };

  it('marks it first, empties it of all kinds, and then removes it; others stay', async () => {
    const on = withNamespace();
    create(on, thing('x'), {}, 'ns');
    create(on, thing('x'), {}, 'default');
    create(on, thing('y', {}, { finalizers: ['f'] }), {}, 'ns');
    const { last, gone } = on.objects.delete(namespaceOf(on), deleteNow);
    expect([gone, last['status']]).toEqual([false, { phase: 'Terminating' }]);
    expect(last.metadata).not.toHaveProperty('deletionGracePeriodSeconds');
    await settled();
    expect(
      on.store
        .collection('things.example.org')
        .sorted()
        .map(({ object }) => `${object.metadata.namespace ?? ''}/${object.metadata.name}`),
    ).toEqual(['default/x', 'ns/y']);
    expect(on.objects.has(namespaceOf(on))).toBe(true);
    on.objects.update(at(on, 'y', 'ns'), (old) => ({ ...old, metadata: { ...old.metadata, finalizers: [] } }), writeAs);
    expect(on.objects.has(namespaceOf(on))).toBe(false);
  });

  describe('for as long as the namespace controller waits', () => {
    beforeEach(() => void timers.useFakeTimers());
    afterEach(() => void timers.useRealTimers());

    const going = (signal?: AbortSignal): Shelf => {
      const on = shelf({ scope: 'Namespaced' }, { namespaceDelay: 5000, ...(signal === undefined ? {} : { signal }) });
      on.objects.create(namespaceOf(on), { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } }, writeAs);
      create(on, thing('x'), {}, 'ns');
      on.objects.delete(namespaceOf(on), deleteNow);
      return on;
    };

    it('only says Terminating: nothing goes, and nothing new comes', () => {
      const on = going();
      timers.advanceTimersByTime(4999);
      expect([names(on, 'things.example.org'), on.objects.has(namespaceOf(on))]).toEqual([['x'], true]);
      expect(refusalOf(() => create(on, thing('y'), {}, 'ns'))).toMatchObject({
        code: 403,
        reason: 'Forbidden',
        message:
          'things.example.org "y" is forbidden: unable to create new content in namespace ns because it is being terminated',
      });
      timers.advanceTimersByTime(1);
      expect([names(on, 'things.example.org'), on.objects.has(namespaceOf(on))]).toEqual([[], false]);
    });

    it('keeps an empty namespace too', () => {
      const on = going();
      on.objects.delete(at(on, 'x', 'ns'), deleteNow);
      timers.advanceTimersByTime(4999);
      expect(on.objects.has(namespaceOf(on))).toBe(true);
    });

    it('writes nothing after the server was stopped', () => {
      const stop = new AbortController();
      const on = going(stop.signal);
      stop.abort();
      timers.advanceTimersByTime(10_000);
      expect([names(on, 'things.example.org'), on.objects.has(namespaceOf(on))]).toEqual([['x'], true]);
      expect(timers.getTimerCount()).toBe(0);
    });
  });

  it('waits for pods on nodes until they are gone', async () => {
    const on = withNamespace();
    makePod(on, 'p', {}, 'ns');
    on.objects.delete(namespaceOf(on), deleteNow);
    await settled();
    expect([names(on, 'pods'), on.objects.has(namespaceOf(on))]).toEqual([['p'], true]);
    on.objects.delete(
      { resource: kindIn(on.registry, 'pods'), namespace: 'ns', name: 'p' },
      { ...deleteNow, gracePeriodSeconds: 0 },
    );
    expect(on.objects.has(namespaceOf(on))).toBe(false);
  });

  it('waits for its own finalizers', async () => {
    const on = withNamespace({ finalizers: ['example.org/f'] });
    on.objects.delete(namespaceOf(on), deleteNow);
    await settled();
    expect(on.objects.has(namespaceOf(on))).toBe(true);
    on.objects.update(namespaceOf(on), (old) => ({ ...old, metadata: { ...old.metadata, finalizers: [] } }), writeAs);
    await settled();
    expect(on.objects.has(namespaceOf(on))).toBe(false);
  });

  it('is not begun by the deletion of what is in it', () => {
    const on = withNamespace();
    create(on, thing('x'), {}, 'ns');
    on.objects.delete(at(on, 'x', 'ns'), deleteNow);
    expect(on.objects.has(namespaceOf(on))).toBe(true);
  });

  it('goes on after a restart', async () => {
    const [before, on] = [withNamespace(), shelf({ scope: 'Namespaced' })];
    create(before, thing('x'), {}, 'ns');
    before.objects.delete(namespaceOf(before), deleteNow);
    for (const id of ['namespaces', 'things.example.org'])
      for (const { object } of before.store.collection(id).sorted()) on.objects.restore(id, object);
    on.objects.resume();
    await settled();
    expect(names(on, 'namespaces')).toEqual(['default', 'kube-system']);
    expect(names(on, 'things.example.org')).toEqual([]);
  });
});

it('serves the kinds of a CRD that it restores', () => {
  const [before, on] = [shelf(), shelf()];
  const [entry] = before.store.collection('customresourcedefinitions.apiextensions.k8s.io').sorted();
  on.registry.set('things.example.org', []);
  if (entry !== undefined) on.objects.restore('customresourcedefinitions.apiextensions.k8s.io', entry.object);
  expect(on.registry.find('example.org', 'v1', 'things')?.kind).toBe('Thing');
});
