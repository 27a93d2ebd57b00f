import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nextText } from '../../../src/cli/migrate/look/guide-table.ts';
import type { Choice } from '../../../src/migrate/guide/choice.ts';
import type { Stand } from '../../../src/migrate/guide/stand.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { hasVendors, networkCRDs, vendorsCRDs } from './openshift.ts';
import { lostOf, patchOf, World } from './world.ts';

const docs = join(import.meta.dirname, '../../../docs');
const page = join(docs, 'migrate-stages.md');

const intro = `# Migrating, stage by stage

What \`sdn-compat migrate guide\` prints at each stage of OpenShift's procedures, recorded on release 4.16 with the plan
in folder \`plan\`. On other releases only the notes differ. A stage that is done already is not shown: \`preflight\`, and
\`clear-before\`, which empties \`spec.migration\` if something is left there:

\`\`\`
oc patch Network.operator.openshift.io cluster --type merge -p '{"spec":{"migration":null}}'
\`\`\`
`;

/** Walks a procedure, and shows each stage as the guide does when it comes to it, and again if the command changes. */
async function walked(world: World, title: string, choice: Choice): Promise<string> {
  const parts: string[] = [`\n## ${title}\n`];
  let [stage, command] = ['', ''];
  await world.walk(choice, ({ next, stages }: Stand) => {
    if (next === undefined || (next.stage === stage && next.command === command)) return;
    const view = stages.find((one) => one.stage === next.stage)!;
    if (next.stage !== stage) parts.push(`\n### ${next.stage}: ${view.title}\n`);
    [stage, command] = [next.stage, next.command];
    parts.push(`\n\`\`\`\n${nextText(next, view.reasons).trim()}\n\`\`\`\n`);
  });
  const folder = world.plan!.folder;
  return parts
    .join('')
    .replaceAll(folder, 'plan')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
}

/** Begins a migration, and gives it up at the stage. */
async function givenUp(world: World, stage: string, title: string, choice: Choice): Promise<string> {
  await world.walkTo(stage, choice);
  if (choice.mode === 'offline') await world.tick();
  return walked(world, title, { direction: 'back' });
}

test('the page of stages is what the guide prints', async () => {
  const [offline, live, early] = [await World.begin(16), await World.begin(16), await World.begin(16)];
  try {
    const text = [
      intro,
      await walked(offline, 'Offline', { direction: { to: 'ovn' }, mode: 'offline' }),
      await walked(live, 'Live', { direction: { to: 'ovn' }, mode: 'live' }),
      await walked(offline, 'The way back, offline', { direction: 'back' }),
      await walked(live, 'The way back, live', { direction: 'back', mode: 'live' }),
      await givenUp(early, 'first-reboot', 'Given up before the switch, offline', {
        direction: { to: 'ovn' },
        mode: 'offline',
      }),
      await givenUp(early, 'available', 'Given up before the operator begins, live', {
        direction: { to: 'ovn' },
        mode: 'live',
      }),
    ].join('');
    if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(page, text);
    expect(readFileSync(page, 'utf8')).toBe(text);
  } finally {
    await offline.stop();
    await live.stop();
    await early.stop();
  }
});

test.each([
  ['our CRDs of 4.16', () => networkCRDs(16)] as const,
  ...(hasVendors ? [["the vendor's CRDs of 4.16", vendorsCRDs] as const] : []),
])('every oc patch in the docs is taken whole by %s', async (_, its) => {
  const world = await World.begin(16, its());
  try {
    const commands = readdirSync(docs)
      .filter((file) => file.endsWith('.md'))
      .flatMap(
        (file) => readFileSync(join(docs, file), 'utf8').match(/oc patch \S+ \S+ --type merge -p '[^']*'/g) ?? [],
      );
    expect(new Set(commands).size).toBeGreaterThanOrEqual(9);
    for (const command of new Set(commands)) {
      const { kind, name, body } = patchOf(command)!;
      const is = await world.client.patch<KubeObject>(kind, { name }, body, { type: 'merge', dryRun: true });
      expect([command, lostOf(body, is)]).toEqual([command, []]);
    }
  } finally {
    await world.stop();
  }
});
