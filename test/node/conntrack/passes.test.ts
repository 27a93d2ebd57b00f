/** The passes that end connections. */
import fc from 'fast-check';
import { deletionPasses, mostPasses } from '../../../src/node/conntrack/passes.ts';
import { unasked } from '../../../src/node/ovs/pipeline.ts';
import { ip } from '../states.ts';
import { anyConnection, connection, deleted, nodeIP, peer, plain, red, tuple, wasRed } from './connections.ts';

test('the passes delete what is stale and nothing else', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ connection: anyConnection, stale: fc.boolean() }), {
        selector: (judged) => tuple(judged.connection),
        maxLength: 40,
      }),
      (table) => {
        const gone = new Set(
          deletionPasses(table, undefined, Infinity).flatMap((args) =>
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
      connection: connection(`10.254.0.${isRed ? 64 + ((index / 2) % 64) : 200}`, nodeIP, plain, {
        destination: ip(`10.${index >> 8}.${index & 255}.1`),
        sourcePort: String(index),
      }),
      stale: isRed,
    };
  });
  expect(deletionPasses(table)).toEqual([
    ['-D', '-f', 'ipv4', '--mark', String(plain), '-q', nodeIP, '-s', '10.254.0.0/25'],
  ]);
  const moved = table.map(({ connection: each, stale }) => ({
    connection: { ...each, mark: stale ? red : plain },
    stale,
  }));
  expect(deletionPasses(moved)).toEqual([['-D', '-f', 'ipv4', '--mark', String(red)]]);
});

const anyTable = fc.uniqueArray(fc.record({ connection: anyConnection, stale: fc.boolean() }), {
  selector: (judged) => tuple(judged.connection),
  maxLength: 60,
});

test('however many connections there are, the passes are few, and delete nothing that stays', () => {
  fc.assert(
    fc.property(anyTable, fc.nat({ max: mostPasses }), (table, most) => {
      const passes = deletionPasses(table, undefined, most);
      expect(passes.length).toBeLessThanOrEqual(most);
      const staying = table.filter(({ stale }) => !stale).map(({ connection: each }) => each);
      expect(passes.flatMap((args) => deleted(staying, args))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('two hundred pods with a connection each, every second of which ends, are few passes', () => {
  const table = Array.from({ length: 200 }, (_, index) => ({
    connection: connection(`10.254.0.${index + 2}`, nodeIP, unasked.unknown),
    stale: index % 2 === 0,
  }));
  expect(deletionPasses(table)).toHaveLength(mostPasses);
});

test('a connection that a Service sent to a node does not make one pass of each to the outside', () => {
  const outside = Array.from({ length: 3_000 }, (_, index) => ({
    connection: connection('10.254.0.2', nodeIP, wasRed, { destination: `10.1.${index >> 8}.${index & 255}` }),
    stale: true,
  }));
  const service = { destination: '172.30.0.1', answerer: peer };
  const noted = connection('10.254.0.2', nodeIP, wasRed | unasked.served, service);
  expect(deletionPasses([...outside, { connection: noted, stale: false }])).toEqual([
    ['-D', '-f', 'ipv4', '--mark', String(wasRed)],
  ]);
  // under an older agent it is not marked: most end with their next packet
  const unnoted = connection('10.254.0.2', nodeIP, wasRed, service);
  expect(deletionPasses([...outside, { connection: unnoted, stale: false }])).toHaveLength(mostPasses);
});
