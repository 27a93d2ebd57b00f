/** Which connections are there after a sweep, with a table that conntrack lists and deletes from. */
import { pause } from '../../../src/io/async/pause.ts';
import type { Exec } from '../../../src/io/programs/exec.ts';
import type { Connection } from '../../../src/node/conntrack/connection.ts';
import type { PortUse } from '../../../src/node/conntrack/source-ports.ts';
import type { Ownership } from '../../../src/node/conntrack/stale.ts';
import { Sweeper } from '../../../src/node/conntrack/sweeper.ts';
import { ctMark } from '../../../src/node/ovs/pipeline.ts';
import { logger } from '../../apiserver/started.ts';
import { blue, blueIP, connection, deleted, nodeIP, ownership, plain, red, redIP } from './connections.ts';

const lineOf = (one: Connection): string =>
  `${one.protocol} 17 29 src=${one.source} dst=${one.destination} sport=${one.sourcePort ?? ''} dport=${one.destinationPort ?? ''} src=${one.answerer} dst=${one.translated} sport=${one.destinationPort ?? ''} dport=${one.sourcePort ?? ''} mark=${one.mark} use=1`;

interface World {
  table: Connection[];
  /** The state that connections are judged by. */
  now: Ownership | undefined;
  readonly ran: string[];
  ended: number;
  uses: readonly PortUse[] | undefined;
  /** Called before each run of conntrack. */
  before: (args: readonly string[]) => void;
  readonly sweeper: Sweeper;
}

let stop: AbortController;
let running: Promise<void>;
let world: World;
beforeEach(() => {
  stop = new AbortController();
  const exec: Exec = (_program, args) => {
    world.ran.push(args.join(' '));
    world.before(args);
    const left = deleted(world.table, args.slice(args.includes('-f') ? 2 : 0));
    if (args[0] === '-L') return Promise.resolve({ status: 0, stdout: left.map(lineOf).join('\n'), stderr: '' });
    world.table = world.table.filter((one) => !left.includes(one));
    const stderr = `conntrack v1.4.7: ${left.length} flow entries have been deleted.`;
    return Promise.resolve({ status: left.length === 0 ? 1 : 0, stdout: '', stderr });
  };
  const sweeper = new Sweeper({
    exec,
    logger,
    ownership: () => Promise.resolve(world.now),
    onEnded: (count) => (world.ended += count),
    onPorts: (uses) => void (world.uses = uses),
  });
  world = { table: [], now: ownership, ran: [], ended: 0, uses: undefined, before: () => undefined, sweeper };
  running = sweeper.run(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await running;
});

const until = async (isSo: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 12_000 && !isSo(); tries++) await pause(5);
  expect(isSo()).toBe(true);
};
const stays = connection('10.254.0.2', redIP, red);
const stale = connection('10.254.0.2', blueIP, red, { sourcePort: '1' });
const marked = connection('10.254.0.4', nodeIP, ctMark.ended, { sourcePort: '2' });

it('ends what may not continue, and counts it; the rest goes on', async () => {
  world.table = [stays, stale, marked];
  world.sweeper.sweep();
  await until(() => world.table.length === 1);
  expect(world.table).toEqual([stays]);
  await until(() => world.ended === 2);
});

it('counts the source ports of egress IPs that are here, by remote, when it reads the whole table', async () => {
  const to = (destination: string, sourcePort: number): Connection =>
    connection('10.254.0.2', redIP, red, { sourcePort: String(sourcePort), answerer: destination, destination });
  world.table = [
    to('203.0.113.7', 1),
    to('203.0.113.7', 2),
    to('203.0.113.8', 3),
    connection('10.254.0.4', nodeIP, plain),
  ];
  world.sweeper.sweep();
  await until(() => world.uses !== undefined);
  expect(world.uses?.map(({ egressIP, remote, ports }) => [egressIP, remote.split(':')[0], ports])).toEqual([
    [redIP, '203.0.113.7', 2],
    [redIP, '203.0.113.8', 1],
  ]);
});

it('ends nothing while it is unknown who owns what', async () => {
  world.table = [stays, stale];
  world.now = undefined;
  world.sweeper.sweep();
  await until(() => world.ran.length === 1);
  await pause(30);
  expect([world.table.length, world.ran]).toEqual([2, ['-L -f ipv4']]);
});

it('ends what nft has marked without a look at the table, many marks in one pass', async () => {
  world.table = [stays, marked];
  for (let mark = 0; mark < 5; mark++) world.sweeper.sweepMarked();
  await until(() => world.table.length === 1);
  expect(world.ran).toEqual([`-D -f ipv4 --mark ${ctMark.ended}`]);
});

it('does nothing for a plan that touches nothing', async () => {
  world.sweeper.note(ownership);
  world.sweeper.note(ownership);
  world.sweeper.sweepTouched();
  await pause(250);
  expect(world.ran).toEqual([]);
});

it('ends at once what has a source that its owner lost, and then looks only at what the plan touched', async () => {
  const moved = connection('10.254.1.9', redIP, red);
  world.table = [stays, moved, connection('10.254.0.4', nodeIP, plain)];
  world.sweeper.note(ownership);
  world.now = { ...ownership, snat: new Map([[red, blueIP]]) };
  world.sweeper.note(world.now);
  world.sweeper.sweepTouched();
  await until(() => world.ran.length > 0);
  expect(world.ran[0]).toMatch(new RegExp(`^-D -f ipv4 (?=.*--mark ${red})(?=.*-q ${redIP})`));
  await until(() => world.ran.some((line) => line.startsWith('-L')));
  expect(world.ran).not.toContain('-L -f ipv4');
  expect(world.table.map(({ source }) => source)).toEqual(['10.254.0.4']);
});

it('looks at everything when a plan touches much', async () => {
  world.sweeper.note(ownership);
  world.sweeper.note({ ...ownership, podNetworks: [] });
  world.sweeper.sweepTouched();
  await until(() => world.ran.includes('-L -f ipv4'));
});

it('looks again after a look that failed', async () => {
  world.table = [stale];
  let fails = true;
  world.before = ([verb]) => {
    if (verb !== '-L' || !fails) return;
    fails = false;
    throw new Error('no memory');
  };
  world.sweeper.note(ownership);
  world.now = { ...ownership, hosted: new Set() };
  world.sweeper.note(world.now);
  world.sweeper.sweepTouched();
  await until(() => world.ran.filter((line) => line.startsWith('-L')).length >= 2);
});

it('judges again by the new state when there is a new plan before it has ended', async () => {
  world.table = [stale, connection('10.254.0.3', redIP, blue)];
  let planned = false;
  world.before = ([verb]) => {
    if (verb !== '-D' || planned) return;
    planned = true;
    world.sweeper.note(ownership);
  };
  world.sweeper.sweep();
  await until(() => world.table.length === 0);
  expect(world.ran.filter((line) => line === '-L -f ipv4')).toHaveLength(2);
});
