/** What GC does about pods of which one cannot be detached. */
import { collect, leftWords } from '../../../src/node/cni/collect.ts';

test('a sandbox that cannot be detached keeps no other, and is named', async () => {
  const seen: string[] = [];
  const { removed, failed } = await collect(['a', 'odd', 'b', 'worse'], (sandbox) => {
    seen.push(sandbox);
    if (sandbox === 'odd') return Promise.reject(new Error('a port refers to its row'));
    return sandbox === 'worse' ? Promise.reject(new Error('no answer')) : Promise.resolve();
  });
  expect(seen).toEqual(['a', 'odd', 'b', 'worse']);
  expect(removed).toEqual(['a', 'b']);
  expect(leftWords(failed)).toBe('still attached: odd (a port refers to its row), worse (no answer)');
});
