/** The passes that end connections. */
import fc from 'fast-check';
import { deletionPasses } from '../../../src/node/conntrack/passes.ts';
import { noneAsked } from '../../../src/node/ovs/owner.ts';
import { ip } from '../states.ts';
import { anyConnection, connection, deleted, nodeIP, red, tuple } from './connections.ts';

test('the passes delete what is stale and nothing else', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ connection: anyConnection, stale: fc.boolean() }), {
        selector: (judged) => tuple(judged.connection),
        maxLength: 40,
      }),
      (table) => {
        const gone = new Set(
          deletionPasses(table).flatMap((args) =>
            deleted(
              table.map(({ connection: each }) => each),
              args,
            ),
          ),
        );
        expect([...gone].map(tuple).sort()).toEqual(
          table
            .filter(({ stale }) => stale)
            .map(({ connection: each }) => tuple(each))
            .sort(),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('ten thousand connections of a namespace are as many passes as it has runs of pods, whatever they go to', () => {
  const table = Array.from({ length: 20_000 }, (_, index) => {
    const isRed = index % 2 === 0;
    return {
      connection: connection(`10.254.0.${isRed ? 64 + ((index / 2) % 64) : 200}`, nodeIP, noneAsked, {
        destination: ip(`10.${index >> 8}.${index & 255}.1`),
        sourcePort: String(index),
      }),
      stale: isRed,
    };
  });
  expect(deletionPasses(table)).toEqual([
    ['-D', '-f', 'ipv4', '--mark', String(noneAsked), '-q', nodeIP, '-s', '10.254.0.0/25'],
  ]);
  const moved = table.map(({ connection: each, stale }) => ({
    connection: { ...each, mark: stale ? red : noneAsked },
    stale,
  }));
  expect(deletionPasses(moved)).toEqual([['-D', '-f', 'ipv4', '--mark', String(red)]]);
});
