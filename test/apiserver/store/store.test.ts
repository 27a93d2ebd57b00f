/** Objects in memory and their history. */
import fc from 'fast-check';
import { type Collection, Entry, eventLine, keyIn, type LogRecord, Store } from '../../../src/apiserver/store/store.ts';
import { rounds } from '../../rounds.ts';
import { storedThing } from '../things.ts';

const shown = (records: readonly LogRecord[] | undefined): string[] | undefined =>
  records?.map(({ type, entry }) => `${type} ${entry.object.metadata.name}@${String(entry.version)}`);

interface Shelf {
  readonly store: Store;
  readonly things: Collection;
  readonly put: (name: string, namespace?: string) => void;
  readonly remove: (name: string) => void;
}

function shelf(options: ConstructorParameters<typeof Store>[0] = {}): Shelf {
  const store = new Store(options);
  const things = store.collection('things');
  const made = (name: string, namespace?: string): ReturnType<typeof storedThing> =>
    storedThing(name, {}, { resourceVersion: store.nextVersion(), ...(namespace === undefined ? {} : { namespace }) });
  return {
    store,
    things,
    put: (name, namespace) => {
      things.put(made(name, namespace));
    },
    remove: (name) => {
      things.remove(made(name));
    },
  };
}

it('finds an object by its name, and by its namespace if it has one', () => {
  const { things, put } = shelf();
  put('x');
  put('x', 'ns');
  expect([keyIn('x', undefined), keyIn('x', 'ns')]).toEqual(['x', 'ns/x']);
  expect(things.get('x')?.object.metadata.namespace).toBeUndefined();
  expect(things.get('ns/x')?.object.metadata.namespace).toBe('ns');
  expect(things.size).toBe(2);
});

it('lists objects in the order of their keys, and never changes a list that it gave', () => {
  const { things, put, remove } = shelf();
  for (const name of ['b', 'c', 'a']) put(name);
  const list = things.sorted();
  const listed = (entries: readonly Entry[]): string => entries.map(({ object }) => object.metadata.name).join('');
  expect(things.sorted()).toBe(list);
  remove('b');
  expect([listed(list), listed(things.sorted())]).toEqual(['abc', 'ac']);
});

it('counts versions over all kinds, from 1 or from where it stopped', () => {
  const store = new Store();
  expect([store.version, store.nextVersion(), store.nextVersion(), store.version]).toEqual([1, '2', '3', 3]);
  expect(new Store({ version: 40 }).nextVersion()).toBe('41');
});

it('has one collection of each kind', () => {
  const store = new Store();
  expect(store.collection('a')).toBe(store.collection('a'));
  expect(store.collection('a')).not.toBe(store.collection('b'));
});

it('tells apart what is new, changed and gone, and remembers what was before', () => {
  const { things, put, remove } = shelf();
  put('x');
  put('x');
  remove('x');
  const records = things.read(0, 9);
  expect(shown(records)).toEqual(['ADDED x@2', 'MODIFIED x@3', 'DELETED x@4']);
  expect(records?.map(({ before }) => before?.metadata.resourceVersion)).toEqual([undefined, '2', '3']);
});

it('takes no note of the removal of what is not there', () => {
  const { things, remove } = shelf();
  remove('x');
  expect(things.read(0, 9)).toEqual([]);
});

it('begins with what it restores, which is no change', () => {
  const { things, put } = shelf({ version: 7 });
  expect(things.sorted()).toEqual([]);
  things.restore(storedThing('x'));
  expect(things.sorted().map(({ version }) => version)).toEqual([5]);
  expect(things.end()).toBe(0);
  put('x');
  expect(shown(things.read(0, 9))).toEqual(['MODIFIED x@8']);
});

it('notes each change with its kind before anybody sees it', () => {
  const noted: string[] = [];
  const { things, put, remove } = shelf({
    note: (id, { type, entry }) => {
      noted.push(`${id} ${type} ${entry.object.metadata.name}`);
    },
  });
  things.onChange(() => noted.push('seen'));
  put('x');
  remove('x');
  expect(noted).toEqual(['things ADDED x', 'seen', 'things DELETED x', 'seen']);
});

it('calls watchers until they have enough', () => {
  const { things, put } = shelf();
  let calls = 0;
  const stop = things.onChange(() => calls++);
  put('x');
  stop();
  put('x');
  expect(calls).toBe(1);
});

describe('the log', () => {
  it('is read from a position, so many changes at a time', () => {
    const { things, put } = shelf();
    for (const name of ['a', 'b', 'c']) put(name);
    expect([shown(things.read(1, 1)), shown(things.read(1, 9)), things.read(3, 9)]).toEqual([
      ['ADDED b@3'],
      ['ADDED b@3', 'ADDED c@4'],
      [],
    ]);
  });

  it('keeps between once and twice its limit of changes', () => {
    const { things, put } = shelf({ logLimit: 2 });
    for (const name of ['a', 'b', 'c', 'd']) put(name);
    expect(things.read(0, 9)).toHaveLength(4);
    put('e');
    expect(things.read(2, 9)).toBeUndefined();
    expect(shown(things.read(3, 9))).toEqual(['ADDED d@5', 'ADDED e@6']);
    expect(things.end()).toBe(5);
  });

  it('says for a version where to go on, and nothing for one that it has lost', () => {
    const { things, put } = shelf({ logLimit: 2 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) put(name);
    expect([3, 4, 5, 6, 99].map((version) => things.position(version))).toEqual([undefined, 3, 4, 5, 5]);
  });

  it('of a server that begins again knows nothing from before', () => {
    expect(new Store({ version: 7 }).collection('x').position(6)).toBeUndefined();
    expect(new Store({ version: 7 }).collection('x').position(7)).toBe(0);
    expect(new Store().collection('x').position(0)).toBe(0);
  });

  it('followed from any version it knows makes the present objects of those of that version', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean(), fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (drawn, logLimit) => {
        const { store, things, put, remove } = shelf({ logLimit });
        const names = (): string[] => things.sorted().map(({ object }) => object.metadata.name);
        const past = new Map([[store.version, names()]]);
        for (const [name, isRemoved, isElsewhere] of drawn) {
          if (isElsewhere) store.nextVersion();
          if (isRemoved) remove(name);
          else put(name);
          past.set(store.version, names());
        }
        for (const [version, before] of past) {
          const position = things.position(version);
          if (position === undefined) continue;
          const present = new Set(before);
          for (const { type, entry } of things.read(position, 99) ?? []) {
            if (type === 'DELETED') present.delete(entry.object.metadata.name);
            else present.add(entry.object.metadata.name);
          }
          expect([...present].sort()).toEqual(names());
        }
        expect(things.position(store.version)).toBe(things.end());
      }),
      { numRuns: rounds(2000) },
    );
  });
});

it('writes an event as one line', () => {
  const object = storedThing('x');
  expect(eventLine('ADDED', '{"a":1}')).toBe('{"type":"ADDED","object":{"a":1}}\n');
  const { things } = shelf();
  things.put(object);
  const [record] = things.read(0, 1) ?? [];
  expect(JSON.parse(record?.line() ?? '')).toEqual({ type: 'ADDED', object });
  expect(new Entry(object).text()).toBe(JSON.stringify(object));
});
