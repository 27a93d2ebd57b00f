/** What is remembered of answers about tokens, and what a request gets when there is none. */
import { Guard } from '../../../src/io/status/guard.ts';
import type { Verdict } from '../../../src/io/status/reviews.ts';

type Answer = Exclude<Verdict, 'unknown'>;

let [time, asked, failures]: [number, string[], string[]] = [0, [], []];
beforeEach(() => ([time, asked, failures] = [0, [], []]));

function guardOf(ask: (token: string) => Promise<Answer>): (token: string) => Promise<Verdict> {
  const guard = new Guard({
    ask: (token) => {
      asked.push(token);
      return ask(token);
    },
    onFailure: (reason) => failures.push(reason),
    now: () => time,
  });
  return (token) => guard.verdict(`Bearer ${token}`);
}

test.each([undefined, '', 'Bearer', 'Bearer ', 'Basic YTpi', 'secret', 'Bearer a b'])(
  'the header %j is nobody, and nothing is asked',
  async (header) => {
    const guard = new Guard({ ask: () => Promise.reject(new Error('asked')), onFailure: fail, now: () => 0 });
    expect(await guard.verdict(header)).toBe('unauthenticated');
  },
);
function fail(reason: string): never {
  throw new Error(reason);
}

test.each<Answer>(['allowed', 'forbidden', 'unauthenticated'])('%s holds for ten seconds', async (answer) => {
  const verdict = guardOf(() => Promise.resolve(answer));
  expect(await verdict('a')).toBe(answer);
  time = 9_999;
  expect(await verdict('a')).toBe(answer);
  expect(asked).toEqual(['a']);
  time = 10_000;
  expect(await verdict('a')).toBe(answer);
  expect(asked).toEqual(['a', 'a']);
});

test('an answer is for its token alone', async () => {
  const verdict = guardOf((token) => Promise.resolve(token === 'a' ? 'allowed' : 'forbidden'));
  expect([await verdict('a'), await verdict('b'), await verdict('a')]).toEqual(['allowed', 'forbidden', 'allowed']);
  expect(asked).toEqual(['a', 'b']);
});

test('no answer is not remembered, and is told once until there is one', async () => {
  let problem: string | undefined = 'refused';
  const verdict = guardOf(() =>
    problem === undefined ? Promise.resolve('allowed') : Promise.reject(new Error(problem)),
  );
  expect([await verdict('a'), await verdict('a')]).toEqual(['unknown', 'unknown']);
  expect(failures).toEqual(['refused']);
  problem = undefined;
  expect(await verdict('a')).toBe('allowed');
  problem = 'again';
  expect([await verdict('b'), await verdict('a')]).toEqual(['unknown', 'allowed']);
  expect(failures).toEqual(['refused', 'again']);
});

test('an answer that is over does not stand in for one that does not come', async () => {
  let isThere = true;
  const verdict = guardOf(() => (isThere ? Promise.resolve('allowed') : Promise.reject(new Error('gone'))));
  expect(await verdict('a')).toBe('allowed');
  [isThere, time] = [false, 10_000];
  expect(await verdict('a')).toBe('unknown');
});

test('a token is asked about once at a time, and sixteen tokens at most', async () => {
  const answers: ((answer: Answer) => void)[] = [];
  const verdict = guardOf(() => new Promise((resolve) => answers.push(resolve)));
  const waiting = Array.from({ length: 16 }, (_, index) => [verdict(String(index)), verdict(String(index))]).flat();
  expect(await verdict('another')).toBe('unknown');
  expect(asked).toHaveLength(16);
  for (const answer of answers) answer('allowed');
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['allowed']));
  const later = verdict('another');
  answers.at(-1)?.('forbidden');
  expect(await later).toBe('forbidden');
});

test('a thousand answers are remembered, and the oldest goes first', async () => {
  const verdict = guardOf(() => Promise.resolve('unauthenticated'));
  for (let index = 0; index <= 1_000; index += 1) await verdict(String(index));
  expect(asked).toHaveLength(1_001);
  await verdict('1');
  expect(asked).toHaveLength(1_001);
  await verdict('0');
  expect(asked).toHaveLength(1_002);
});
