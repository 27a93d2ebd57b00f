/** Lists and their pages. */
import fc from 'fast-check';
import { type ListRequest, Lists, type Page } from '../../../src/apiserver/read/list.ts';
import { labelMatcher } from '../../../src/apiserver/read/selectors.ts';
import { requestedVersion } from '../../../src/apiserver/read/versions.ts';
import { type Collection, Store } from '../../../src/apiserver/store/store.ts';
import { rounds } from '../../rounds.ts';
import { refusalOf, storedThing } from '../things.ts';

const names = ({ entries }: Page): string[] => entries.map(({ object }) => object.metadata.name);
const listed = (query: string, more: Partial<ListRequest> = {}): ListRequest => ({
  id: 'things',
  namespace: undefined,
  matcher: undefined,
  query: new URLSearchParams(query),
  ...more,
});
function collectionOf(count: number): Collection {
  const collection = new Store().collection('things');
  for (let index = 0; index < count; index++) {
    const metadata = { namespace: index % 2 === 0 ? 'even' : 'odd', labels: index < 2 ? { low: 'yes' } : {} };
    collection.put(storedThing(`t${String(index).padStart(4, '0')}`, {}, metadata));
  }
  return collection;
}
const tokenOf = ({ metadata }: Page): string => {
  const { continue: token } = metadata;
  if (typeof token !== 'string') throw new Error('this is the last page');
  return token;
};

it('lists everything under the version of the store', () => {
  const page = new Lists(() => 0).page(collectionOf(3), listed(''), 42);
  expect(names(page)).toEqual(['t0000', 't0002', 't0001']);
  expect(page.metadata).toEqual({ resourceVersion: '42' });
});

it('lists what is in the namespace and what the selector selects', () => {
  const [lists, collection] = [new Lists(() => 0), collectionOf(4)];
  const matcher = labelMatcher('low');
  expect(names(lists.page(collection, listed('', { namespace: 'odd' }), 1))).toEqual(['t0001', 't0003']);
  expect(names(lists.page(collection, listed('', { matcher }), 1))).toEqual(['t0000', 't0001']);
  expect(names(lists.page(collection, listed('', { matcher, namespace: 'odd' }), 1))).toEqual(['t0001']);
});

describe('pages', () => {
  it('go on where the last one ended and say how many are left', () => {
    const [lists, collection] = [new Lists(() => 0), collectionOf(5)];
    const first = lists.page(collection, listed('limit=2', { namespace: undefined }), 42);
    expect([names(first), first.metadata['remainingItemCount']]).toEqual([['t0000', 't0002'], 3]);
    const second = lists.page(collection, listed(`limit=2&continue=${tokenOf(first)}`), 50);
    expect([names(second), second.metadata['remainingItemCount']]).toEqual([['t0004', 't0001'], 1]);
    const last = lists.page(collection, listed(`limit=2&continue=${tokenOf(second)}`), 60);
    expect([names(last), last.metadata]).toEqual([['t0003'], { resourceVersion: '42' }]);
  });

  it('say nothing of what is left of a selection', () => {
    const request = listed('limit=1&labelSelector=low', { matcher: labelMatcher('low') });
    const { metadata } = new Lists(() => 0).page(collectionOf(3), request, 1);
    expect(Object.keys(metadata)).toEqual(['resourceVersion', 'continue']);
  });

  it('are one if everything fits', () => {
    for (const limit of ['0', '3', '4'])
      expect(new Lists(() => 0).page(collectionOf(3), listed(`limit=${limit}`), 1).metadata).toEqual({
        resourceVersion: '1',
      });
  });

  it('end with everything else when the limit is dropped', () => {
    const [lists, collection] = [new Lists(() => 0), collectionOf(5)];
    const first = lists.page(collection, listed('limit=1'), 1);
    expect(lists.page(collection, listed(`continue=${tokenOf(first)}`), 1).entries).toHaveLength(4);
  });

  it('put together are the list of the first one, whatever happens meanwhile', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 10 }), (count, limit) => {
        const [lists, collection] = [new Lists(() => 0), collectionOf(count)];
        const whole = names(lists.page(collection, listed(''), 7));
        const seen: string[] = [];
        let token: unknown = '';
        do {
          const page = lists.page(collection, listed(`limit=${String(limit)}&continue=${String(token)}`), 7);
          expect(page.entries.length).toBeLessThanOrEqual(limit);
          seen.push(...names(page));
          token = page.metadata['continue'];
          collection.remove(storedThing('t0001', {}, { namespace: 'odd' }));
        } while (token !== undefined);
        expect(seen).toEqual(whole);
      }),
      { numRuns: rounds(500) },
    );
  });

  it('of long lists are larger than asked: an eighth of the list, for clients that ask for 500', () => {
    const [lists, collection] = [new Lists(() => 0), collectionOf(8001)];
    expect(lists.page(collection, listed('limit=500'), 1).entries).toHaveLength(1001);
    expect(lists.page(collection, listed('limit=2000'), 1).entries).toHaveLength(2000);
    expect(lists.page(collection, listed('limit=499'), 1).entries).toHaveLength(499);
  });

  const expired = {
    code: 410,
    reason: 'Expired',
    message:
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
  };

  it('are remembered for five minutes', () => {
    let now = 0;
    const [lists, collection] = [new Lists(() => now), collectionOf(3)];
    const token = tokenOf(lists.page(collection, listed('limit=1'), 1));
    now = 300_000;
    expect(names(lists.page(collection, listed(`limit=1&continue=${token}`), 1))).toEqual(['t0002']);
    now = 300_001;
    expect(refusalOf(() => lists.page(collection, listed(`limit=1&continue=${token}`), 1))).toEqual(expired);
  });

  it('are remembered for the last 50 lists', () => {
    const [lists, collection] = [new Lists(() => 0), collectionOf(3)];
    const token = tokenOf(lists.page(collection, listed('limit=1'), 1));
    const more = (): Page => lists.page(collection, listed(`limit=1&continue=${token}`), 1);
    for (let version = 2; version <= 50; version++) lists.page(collection, listed('limit=1'), version);
    expect(names(more())).toEqual(['t0002']);
    lists.page(collection, listed('limit=1'), 51);
    expect(refusalOf(more)).toEqual(expired);
  });

  it('that are begun again are remembered from then on', () => {
    const [lists, collection] = [new Lists(() => 0), collectionOf(3)];
    const token = tokenOf(lists.page(collection, listed('limit=1'), 1));
    for (let version = 2; version <= 50; version++) lists.page(collection, listed('limit=1'), version);
    lists.page(collection, listed('limit=1'), 1);
    lists.page(collection, listed('limit=1'), 51);
    expect(names(lists.page(collection, listed(`limit=1&continue=${token}`), 1))).toEqual(['t0002']);
  });

  test.each<readonly [string, Partial<ListRequest>, string]>([
    ['another kind', { id: 'others' }, ''],
    ['another namespace', { namespace: 'odd' }, ''],
    ['another label selector', {}, '&labelSelector=low'],
    ['another field selector', {}, '&fieldSelector=metadata.name%3Da'],
  ])('are not those of %s', (_what, more, query) => {
    const [lists, collection] = [new Lists(() => 0), collectionOf(3)];
    const token = tokenOf(lists.page(collection, listed('limit=1'), 1));
    expect(refusalOf(() => lists.page(collection, listed(`limit=1&continue=${token}${query}`, more), 1))).toEqual(
      expired,
    );
  });

  test.each([
    'x',
    Buffer.from('{"rv":"1","start":0}').toString('base64url'),
    Buffer.from('[1]').toString('base64url'),
    Buffer.from('{"rv":1}').toString('base64url'),
  ])('do not go on from %s', (token) => {
    expect(refusalOf(() => new Lists(() => 0).page(collectionOf(1), listed(`continue=${token}`), 1))).toMatchObject({
      code: 400,
      message: 'continue key is not valid: it was not made by this server',
    });
  });

  test.each(['x', '', '1.5'])('may not have %j objects', (limit) => {
    expect(refusalOf(() => new Lists(() => 0).page(collectionOf(1), listed(`limit=${limit}`), 1))).toMatchObject({
      code: 400,
      message: `strconv.ParseInt: parsing ${JSON.stringify(limit)}: invalid syntax`,
    });
  });
});

describe('the version that a client wants', () => {
  const wanted = (text: string): number | undefined => requestedVersion(new URLSearchParams(text));

  test.each<readonly [string, number | undefined]>([
    ['', undefined],
    ['resourceVersion=', undefined],
    ['resourceVersion=0', 0],
    ['resourceVersion=42', 42],
  ])('of the query %j is %s', (query, version) => {
    expect(wanted(query)).toBe(version);
  });

  it('may be one that the server has not reached: then it should come again', () => {
    expect(refusalOf(() => new Lists(() => 0).page(collectionOf(1), listed('resourceVersion=43'), 42))).toEqual({
      code: 504,
      reason: 'Timeout',
      message: 'Timeout: Too large resource version: 43, current: 42',
    });
  });

  test.each(['x', '-1', '1.0', '1'.repeat(16)])('is never %s', (text) => {
    expect(refusalOf(() => wanted(`resourceVersion=${text}`))).toMatchObject({
      code: 400,
      message: `Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`,
    });
  });
});
