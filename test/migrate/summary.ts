/** What a plan says of a cluster, as golden files keep it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '../../src/migrate/findings/finding.ts';
import { lossText } from '../../src/migrate/findings/loss.ts';
import { snapshotFromFiles } from '../../src/migrate/input/files.ts';
import { planOf } from '../../src/migrate/plan/make.ts';
import { refText } from '../../src/migrate/ref.ts';
import type { Snapshot } from '../../src/migrate/snapshot.ts';
import { leadsBack, oldPlugin, targetNamed, wantedFor } from '../../src/migrate/targets.ts';
import { type Change, refOf, type Translation } from '../../src/migrate/translation.ts';
import type { KubeObject } from '../../src/model/objects/raw.ts';

/** Reads the objects as a user's dump for plans of the target: from a file. */
export async function readDump(objects: readonly KubeObject[], target = 'ovn'): Promise<Snapshot> {
  const folder = mkdtempSync(join(tmpdir(), 'migrate-'));
  try {
    const file = join(folder, 'dump.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    const snapshot = await snapshotFromFiles([file], {
      ...wantedFor({ target }),
      needed: leadsBack({ target }) ? targetNamed(target).needs : oldPlugin.makesItself,
      progress: () => undefined,
    });
    if (!snapshot.ok) throw new Error(snapshot.error.reason);
    return snapshot.value;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Steps, placement, findings and backup. */
export function planSummary(target: string, snapshot: Snapshot, translation: Translation): string {
  const plan = planOf({ tool: 'test', target, options: {}, strict: false, snapshot, translation });
  return [
    ...plan.steps.flatMap(({ name, changes }) => [`${name}:`, ...changes.map(changeText)]),
    '',
    ...[...plan.placement].map(
      ([ip, { today, allowed }]) => `${ip}: ${today.join(', ') || 'nowhere'} -> ${allowed.join(', ') || 'nowhere'}`,
    ),
    `assigned: ${(translation.assignedCount ?? []).join(', ')}`,
    '',
    ...plan.findings.flatMap(findingText),
    '',
    `backup: ${[...plan.backup.keys()].join(' ')}`,
    '',
  ].join('\n');
}

/** Long rule lists are cut. */
function changeText(change: Change): string {
  const text = JSON.stringify(
    change.action === 'apply'
      ? { ...change.object, apiVersion: undefined, kind: undefined }
      : change.action === 'clear'
        ? change.patch
        : null,
  );
  return `  ${change.action} ${refText(refOf(change))} ${text.length > 1_500 ? `${text.slice(0, 200)} … ${text.length}` : text}`.trimEnd();
}

function findingText({ severity, code, kind, namespace, name, today, tomorrow, action, lost }: Finding): string[] {
  return [
    `${severity} ${code} ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
    `  ${today}`,
    `  ${tomorrow}`,
    `  ${action}`,
    ...(lost === undefined ? [] : [`  lost: ${lossText(lost)}`]),
  ];
}

/** The name of the golden file of a cluster. */
export function goldenName(cluster: string): string {
  return `${cluster.replaceAll(/[^a-z]+/gi, '-')}.txt`;
}
