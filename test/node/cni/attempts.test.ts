import { type Attempt, Attempts } from '../../../src/node/cni/attempts.ts';

const sandbox = 'one';
const nobody = new AbortController().signal;

/** A sandbox as the machine has it, and ADDs whose steps the test lets go on. */
class World {
  readonly attempts = new Attempts();
  isThere = false;
  readonly order: string[] = [];

  /** An ADD that makes the sandbox when `begin` resolves and ends when `end` does. */
  add(caller: AbortSignal, begin: Promise<unknown>, end: Promise<unknown>, began = 1): Promise<string> {
    const work = async ({ signal, making }: Attempt): Promise<string> => {
      await begin;
      await this.attempts.inTurn(sandbox, () => {
        signal.throwIfAborted();
        if (!this.isThere) making();
        this.isThere = true;
        return Promise.resolve();
      });
      await end;
      return 'added';
    };
    return this.attempts.run({ sandbox, began }, caller, { work, undo: () => this.#clear('undo') });
  }

  remove(began = 0): Promise<void> {
    return this.attempts.remove({ sandbox, began }, () => this.#clear('remove'));
  }

  #clear(what: string): Promise<void> {
    this.order.push(what);
    this.isThere = false;
    return Promise.resolve();
  }
}

const now = Promise.resolve();
const overtaken = 'it was detached while it was being attached';

test('an ADD that nobody disturbs stays, and nothing of it is remembered', async () => {
  const world = new World();
  await expect(world.add(nobody, now, now)).resolves.toBe('added');
  expect([world.isThere, world.attempts.has(sandbox)]).toEqual([true, false]);
});

test.each(['before', 'after'])('a DEL %s the ADD has made anything leaves nothing', async (when) => {
  const world = new World();
  const step = Promise.withResolvers<undefined>();
  const adding = world.add(nobody, when === 'before' ? step.promise : now, step.promise);
  const failing = expect(adding).rejects.toThrow(overtaken);
  await new Promise(setImmediate);
  expect(world.isThere).toBe(when === 'after');
  await world.remove();
  expect(world.isThere).toBe(false);
  step.resolve(undefined);
  await failing;
  expect([world.isThere, world.attempts.has(sandbox)]).toEqual([false, false]);
});

test('an ADD that was overtaken and ends late leaves alone what a later one made', async () => {
  const world = new World();
  const step = Promise.withResolvers<undefined>();
  const failing = expect(world.add(nobody, now, step.promise)).rejects.toThrow(overtaken);
  await new Promise(setImmediate);
  await world.remove();
  await expect(world.add(nobody, now, now)).resolves.toBe('added');
  step.resolve(undefined);
  await failing;
  expect([world.isThere, world.order]).toEqual([true, ['remove']]);
});

test('an ADD that fails, or whose caller has gone, undoes what it made, but never what was there before', async () => {
  const world = new World();
  await expect(world.add(nobody, now, Promise.reject(new Error('no flows')))).rejects.toThrow('no flows');
  expect([world.isThere, world.order]).toEqual([false, ['undo']]);
  await expect(world.add(AbortSignal.abort(), now, now)).rejects.toThrow('who asked for it has gone');
  expect(world.isThere).toBe(false);
  await world.add(nobody, now, now);
  await expect(world.add(nobody, now, Promise.reject(new Error('no flows')))).rejects.toThrow('no flows');
  expect(world.isThere).toBe(true);
});

test('of two ADDs of one sandbox the last that fails undoes it, and one that succeeds keeps it', async () => {
  for (const isKept of [true, false]) {
    const world = new World();
    const [caller, step] = [new AbortController(), Promise.withResolvers<undefined>()];
    const first = expect(world.add(caller.signal, now, step.promise)).rejects.toThrow();
    const second = world.add(
      nobody,
      now,
      isKept ? step.promise : step.promise.then(() => Promise.reject(new Error('no flows'))),
    );
    const ended = isKept ? expect(second).resolves.toBe('added') : expect(second).rejects.toThrow('no flows');
    await new Promise(setImmediate);
    caller.abort();
    step.resolve(undefined);
    await Promise.all([first, ended]);
    expect([world.isThere, world.attempts.has(sandbox)]).toEqual([isKept, false]);
  }
});

test('an ADD that began before a DEL and is heard after it makes nothing; one that began later does', async () => {
  const world = new World();
  await world.remove(5);
  await world.remove(3);
  await expect(world.add(nobody, now, now, 5)).rejects.toThrow('it was detached before this was heard');
  expect([world.isThere, world.attempts.has(sandbox)]).toEqual([false, false]);
  await expect(world.add(nobody, now, now, 6)).resolves.toBe('added');
  expect(world.isThere).toBe(true);
});

test('DELs of a thousand sandboxes are remembered, and those before them are not', async () => {
  const attempts = new Attempts();
  const add = { work: () => Promise.resolve('added'), undo: () => Promise.resolve() };
  for (let index = 0; index <= 1_000; index += 1)
    await attempts.remove({ sandbox: `s${index}`, began: 9 }, () => Promise.resolve());
  await expect(attempts.run({ sandbox: 's0', began: 1 }, nobody, add)).resolves.toBe('added');
  await expect(attempts.run({ sandbox: 's1', began: 1 }, nobody, add)).rejects.toThrow('it was detached before');
});
