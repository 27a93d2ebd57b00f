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

const worlds: readonly (readonly [string, number, () => readonly object[]])[] = [
  ...[12, 13, 14, 15, 16].map((minor) => [`4.${minor}`, minor, () => networkCRDs(minor)] as const),
  ...(hasVendors ? [["4.16, by the vendor's own CRDs", 16, vendorsCRDs] as const] : []),
];

test.each(worlds)(
  'offline and back on %s: every command is taken, and the walk ends',
  async (_, minor, its) => {
    const world = await World.begin(minor, its());
    try {
      expect(stages(await world.walk({ direction: 'ovn', mode: 'offline' }))).toEqual(forth);
      expect((await world.look({ direction: 'ovn', mode: 'offline' })).stages.map(({ state }) => state)).toEqual(
        Array(13).fill('done'),
      );
      expect(stages(await world.walk({ direction: 'back' }))).toEqual(back);
      // and all over again
      expect((await world.look({})).next?.stage).toBe('prepare');
    } finally {
      await world.stop();
    }
  },
  60_000,
);

test.each(worlds.filter(([, minor]) => minor >= 15))(
  'live on %s: every command is taken, and the walk ends',
  async (_, minor, its) => {
    const world = await World.begin(minor, its());
    try {
      const steps = await world.walk({ direction: 'ovn', mode: 'live' });
      expect(stages(steps)).toEqual(live);
      expect((await world.look({})).procedure).toBe('live');
      expect(stages(await world.walk({ direction: 'back' }))).toEqual(back);
    } finally {
      await world.stop();
    }
  },
  60_000,
);
