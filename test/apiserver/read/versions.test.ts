/** What lists and watches ask of versions, and lists of states that have passed. */
import fc from 'fast-check';
import { Lists, type Page } from '../../../src/apiserver/read/list.ts';
import { checkWatchOptions } from '../../../src/apiserver/read/versions.ts';
import { Store } from '../../../src/apiserver/store/store.ts';
import { rounds } from '../../rounds.ts';
import { refusalOf, storedThing } from '../things.ts';

const things = 'things.example.org';
const shown = ({ entries }: Page): string[] =>
  entries.map(({ object }) => `${object.metadata.name} ${object.metadata.resourceVersion}`);

const tokenOf = ({ metadata }: Page): string => {
  const { continue: token } = metadata;
  if (typeof token !== 'string') throw new Error('this is the last page');
  return token;
};

/** A store whose changes are made by name; what a list shows of it. */
function storeOf(logLimit?: number) {
  const store = new Store(logLimit === undefined ? {} : { logLimit });
  const collection = store.collection(things);
  const lists = new Lists(() => 0);
  const thing = (name: string) => storedThing(name, {}, { resourceVersion: store.nextVersion() });
  return {
    put: (name: string) => void collection.put(thing(name)),
    remove: (name: string) => collection.remove(thing(name)),
    version: () => store.version,
    list: (query: string): Page =>
      lists.page(
        collection,
        { id: things, namespace: undefined, matcher: undefined, query: new URLSearchParams(query) },
        store.version,
      ),
  };
}

describe('a list of exactly a version', () => {
  it('shows what was there then, under that version', () => {
    const { put, remove, version, list } = storeOf();
    put('a');
    put('b');
    const then = version();
    put('a');
    remove('b');
    put('c');
    const page = list(`resourceVersion=${String(then)}&resourceVersionMatch=Exact`);
    expect(shown(page)).toEqual(['a 2', 'b 3']);
    expect(page.metadata).toEqual({ resourceVersion: String(then) });
    expect(shown(list(''))).toEqual(['a 4', 'c 6']);
  });

  it('is what a limited list of a version is, and its pages stay so', () => {
    const { put, version, list } = storeOf();
    put('a');
    put('b');
    const then = version();
    put('a');
    const first = list(`resourceVersion=${String(then)}&limit=1`);
    expect([shown(first), first.metadata['resourceVersion']]).toEqual([['a 2'], String(then)]);
    expect(shown(list(`limit=1&continue=${tokenOf(first)}`))).toEqual(['b 3']);
  });

  it('is no other list: those of at least a version are up to date', () => {
    const { put, list } = storeOf();
    put('a');
    put('a');
    for (const query of [
      'resourceVersion=2',
      'resourceVersion=2&resourceVersionMatch=NotOlderThan',
      'resourceVersion=0',
    ])
      expect(shown(list(query))).toEqual(['a 3']);
  });

  it('has expired once its changes are forgotten', () => {
    const { put, list } = storeOf(2);
    for (let n = 0; n < 6; n += 1) put('a');
    expect(refusalOf(() => list('resourceVersion=2&resourceVersionMatch=Exact'))).toEqual({
      code: 410,
      reason: 'Expired',
      message: 'The resourceVersion for the provided list is too old.',
    });
  });

  it('is at each version what a list was then', () => {
    const step = fc.record({ name: fc.constantFrom('a', 'b', 'c'), gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { put, remove, version, list } = storeOf();
        const then = steps.map(({ name, gone }) => {
          if (gone) remove(name);
          else put(name);
          return [version(), shown(list(''))] as const;
        });
        for (const [at, was] of then)
          expect(shown(list(`resourceVersion=${String(at)}&resourceVersionMatch=Exact`))).toEqual(was);
      }),
      { numRuns: rounds(1000) },
    );
  });
});

const refused = (why: string): object => ({
  code: 422,
  reason: 'Invalid',
  message: `ListOptions.meta.k8s.io "" is invalid: ${why}`,
});

test.each<readonly [string, string]>([
  [
    'resourceVersionMatch=Exact',
    'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
  ],
  [
    'resourceVersionMatch=Exact&resourceVersion=0',
    'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
  ],
  [
    'resourceVersionMatch=Newest&resourceVersion=1',
    'resourceVersionMatch: Unsupported value: "Newest": supported values: "", "Exact", "NotOlderThan"',
  ],
  [
    'resourceVersionMatch=Exact&resourceVersion=1&continue=x',
    'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided',
  ],
])('a list with %s is refused', (query, why) => {
  expect(refusalOf(() => storeOf().list(query))).toEqual(refused(why));
});

test('a later page names no version of its own', () => {
  expect(refusalOf(() => storeOf().list('continue=x&resourceVersion=1'))).toMatchObject({
    code: 400,
    message: 'specifying resource version is not allowed when using continue',
  });
});

test.each<readonly [string, string]>([
  [
    'resourceVersionMatch=NotOlderThan&resourceVersion=1',
    'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
  ],
  [
    'sendInitialEvents=true',
    'sendInitialEvents: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
  ],
  [
    'sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1',
    'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"',
  ],
])('a watch with %s is refused', (query, why) => {
  expect(refusalOf(() => checkWatchOptions(new URLSearchParams(query)))).toEqual(refused(why));
});

test('a watch may ask for what is there first', () => {
  expect(() =>
    checkWatchOptions(new URLSearchParams('sendInitialEvents=true&resourceVersionMatch=NotOlderThan')),
  ).not.toThrow();
});
