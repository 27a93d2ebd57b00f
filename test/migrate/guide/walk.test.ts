import { hasVendors, networkCRDs, vendorsCRDs } from './openshift.ts';
import { type Step, World } from './world.ts';

const stages = (steps: readonly Step[]): readonly string[] =>
  steps.map(({ stage }) => stage).filter((stage, index, all) => stage !== all[index - 1]);

const forth = [
  'plan',
  'prepare',
  'set-migration',
  'first-reboot',
  'switch',
  'rollout',
  'second-reboot',
  'apply',
  'finalize',
  'clear',
  'leftovers',
];
const back = [
  'pause',
  'set-migration',
  'restore',
  'switch',
  'rollout',
  'second-reboot',
  'unpause',
  'settled',
  'undo',
  'clear',
  'leftovers',
];
const live = [
  'plan',
  'prepare',
  'set-features',
  'start',
  'available',
  'mtu',
  'in-use',
  'apply',
  'purged',
  'completed',
  'annotation',
  'leftovers',
];

const liveBack = [
  'set-features',
  'start',
  'available',
  'restore',
  'mtu',
  'in-use',
  'undo',
  'purged',
  'completed',
  'annotation',
  'leftovers',
];

const worlds: readonly (readonly [string, number, () => readonly object[]])[] = [
  ...[12, 13, 14, 15, 16].map((minor) => [`4.${minor}`, minor, () => networkCRDs(minor)] as const),
  ...(hasVendors ? [["4.16, by the vendor's own CRDs", 16, vendorsCRDs] as const] : []),
];

test.each(worlds)('offline and back on %s: every command is taken, and the walk ends', async (_, minor, its) => {
  const world = await World.begin(minor, its());
  try {
    expect(stages(await world.walk({ direction: { to: 'ovn' }, mode: 'offline' }))).toEqual(forth);
    expect((await world.look({ direction: { to: 'ovn' }, mode: 'offline' })).stages.map(({ state }) => state)).toEqual(
      Array(13).fill('done'),
    );
    expect(stages(await world.walk({ direction: 'back' }))).toEqual(back);
    // and all over again
    expect((await world.look({})).next?.stage).toBe('prepare');
  } finally {
    await world.stop();
  }
});

test.each(worlds.filter(([, minor]) => minor >= 15))(
  'live on %s: every command is taken, and the walk ends',
  async (_, minor, its) => {
    const world = await World.begin(minor, its());
    try {
      const steps = await world.walk({ direction: { to: 'ovn' }, mode: 'live' });
      expect(stages(steps)).toEqual(live);
      expect((await world.look({})).procedure).toBe('live');
      // the vendor goes back in the way of the migration
      expect(stages(await world.walk({ direction: 'back' }))).toEqual(liveBack);
      // and all over again, and back in the other way
      expect((await world.look({})).next?.stage).toBe('prepare');
      await world.walk({ direction: { to: 'ovn' }, mode: 'live' });
      expect(stages(await world.walk({ direction: 'back', mode: 'offline' }))).toEqual(back);
    } finally {
      await world.stop();
    }
  },
);

test.each(worlds)(
  'given up before the switch on %s: every command is taken, and nothing is left',
  async (_, minor, its) => {
    const world = await World.begin(minor, its());
    const to = { direction: { to: 'ovn' }, mode: 'offline' } as const;
    const given = (stage: string): Promise<void> => world.walkTo(stage, to);
    try {
      await given('set-migration');
      // prepared only
      expect(stages(await world.walk({ direction: 'back' }))).toEqual(['undo']);
      await given('first-reboot');
      // asked for, and not taken up
      expect(stages(await world.walk({ direction: 'back' }))).toEqual(['clear', 'undo']);
      await given('first-reboot');
      await world.tick();
      expect(stages(await world.walk({ direction: 'back' }))).toEqual(['clear', 'settled', 'undo']);
      await given('switch');
      // the first round of reboots is done
      expect(stages(await world.walk({ direction: 'back' }))).toEqual(['clear', 'settled', 'undo']);
      expect((await world.look({})).next?.stage).toBe('prepare');
      await world.walk(to);
    } finally {
      await world.stop();
    }
  },
);

test('a live migration is given up only until the operator has begun', async () => {
  const world = await World.begin(16);
  const to = { direction: { to: 'ovn' }, mode: 'live' } as const;
  try {
    await world.walkTo('available', to);
    expect((await world.look({ direction: 'back' })).procedure).toBe('cancel');
    expect(stages(await world.walk({ direction: 'back' }))).toEqual(['withdraw', 'clear', 'undo']);
    expect((await world.look({ direction: 'back' })).stages.map(({ state }) => state)).toEqual(Array(5).fill('done'));
    await world.walkTo('available', to);
    await world.tick();
    const { procedure, next, stages: views } = await world.look({ direction: 'back' });
    expect([procedure, next?.stage, next?.command, views[0]?.reasons]).toEqual([
      'cancel',
      'preflight',
      `sdn-compat migrate guide --plan ${world.plan!.folder} --to ovn`,
      ['condition NetworkTypeMigrationInProgress is True (NetworkTypeMigrationStarted)'],
    ]);
    // once the type has switched, it is the way back that must wait
    while ((await world.look(to)).next?.stage !== 'in-use') await world.tick();
    await world.tick();
    const late = await world.look({ direction: 'back' });
    expect([late.procedure, late.next?.stage]).toEqual(['back', 'preflight']);
    expect(stages(await world.walk(to)).slice(-3)).toEqual(['completed', 'annotation', 'leftovers']);
  } finally {
    await world.stop();
  }
});

test('a live way back that was begun is known as one, and the other mode is refused', async () => {
  const world = await World.begin(16);
  try {
    await world.walk({ direction: { to: 'ovn' }, mode: 'live' });
    const back = { direction: 'back' } as const;
    await world.walkTo('available', back);
    for (let count = 0; count < 12; count++) {
      expect((await world.look({})).procedure).toBe('live-back');
      await expect(world.look({ ...back, mode: 'offline' })).rejects.toThrow(
        'the live way back was begun: --mode live',
      );
      await world.tick();
    }
  } finally {
    await world.stop();
  }
});

test('a live way back is for 4.15 and 4.16, and leads offline where something stands in its way', async () => {
  const world = await World.begin(14);
  try {
    await world.walk({ direction: { to: 'ovn' }, mode: 'offline' });
    const { next, stages: views } = await world.look({ direction: 'back', mode: 'live' });
    expect([next?.command, views[0]?.reasons]).toEqual([
      `sdn-compat migrate guide --plan ${world.plan!.folder} --back --mode offline`,
      ['release 4.14: live migrations are for 4.15 to 4.16'],
    ]);
  } finally {
    await world.stop();
  }
});
