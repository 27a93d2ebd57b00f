/**
 * `migrate plan` for 10,000 namespaces on 500 nodes, about 20 MB, as JSON and as YAML; what competes most for nodes (two
 * instance types of a cloud), the way back, and the guide on an API server with all of it. Each row is the command itself in its own process, from start to end; needs `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { generatedCluster, servedByOVN, twoInstanceTypes } from '../test/migrate/generated.ts';
import { table, timed } from './clusters.ts';
import { guideCluster } from './guide-cluster.ts';

const program = join(import.meta.dirname, '../dist/sdn-compat.js');
/** Prints its own peak memory at the end, for the process that started it. */
const observer =
  "process.on('exit', () => require('node:fs').writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)))";
interface Figures {
  readonly ms: number;
  readonly mib: number;
}

/** The best of several runs; memory is the largest of them. */
function measure(args: readonly string[], base: string, runs = 3): Figures {
  // files are removed at the very end: ext4 takes long to make many files soon after many were deleted
  const folder = mkdtempSync(join(base, 'run-'));
  const observerFile = join(folder, 'observer.cjs');
  const peakFile = join(folder, 'peak');
  writeFileSync(observerFile, observer);
  const all = Array.from({ length: runs }, (_, run) => {
    const command = [
      '--require',
      observerFile,
      program,
      'migrate',
      ...args.map((arg) => arg.replace('OUT', join(folder, `out-${run}`))),
    ];
    const { ms, value } = timed(() =>
      spawnSync(process.execPath, command, {
        env: { ...process.env, PEAK_FILE: peakFile },
        encoding: 'utf8',
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    );
    // status 1 is also for blockers, which the cluster has, and for what the guide cannot tell; a failure says why
    const isWell = value.status === 0 || (value.status === 1 && !/^sdn-compat: /m.test(value.stderr));
    if (!isWell) throw new Error(value.stderr);
    return { ms, mib: Number(readFileSync(peakFile, 'utf8')) / 1024 };
  });
  return { ms: Math.min(...all.map(({ ms }) => ms)), mib: Math.max(...all.map(({ mib }) => mib)) };
}

/** The targets in ms and MiB. */
const targets = {
  json: 1_500,
  yaml: 4_000,
  types: 3_000,
  back: 3_000,
  addresses: 2_000,
  guide: 2_000,
  mib: 500,
} as const;

/** Prints the table; returns false if a figure misses its target. */
export async function bench(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'migrate-bench-'));
  const stops: (() => void)[] = [];
  try {
    const list = { apiVersion: 'v1', kind: 'List', items: generatedCluster({ namespaces: 10_000, nodes: 500 }) };
    const [json, yaml] = [join(folder, 'cluster.json'), join(folder, 'cluster.yaml')];
    writeFileSync(json, JSON.stringify(list, null, 1));
    writeFileSync(yaml, dump(list, { noRefs: true, lineWidth: -1 }));
    const [types, served] = [join(folder, 'types.json'), join(folder, 'served.json')];
    writeFileSync(types, JSON.stringify({ ...list, items: twoInstanceTypes(9_000, 500) }));
    writeFileSync(served, JSON.stringify({ ...list, items: [...list.items, ...servedByOVN(10_000)] }));
    const megabytes = (file: string): string => (statSync(file).size / 1e6).toFixed(0);
    const plan = join(folder, 'plan');
    measure(['plan', '--to', 'ovn', '--out', plan, '-f', json], folder, 1);
    const cluster = await guideCluster(folder, list.items);
    stops.push(cluster.stop);
    const guide = (...args: readonly string[]): Figures =>
      measure(['guide', '--kubeconfig', cluster.kubeconfig, ...args], folder);
    const rows = [
      ['guide', json, targets.guide, guide()],
      ['guide, live', json, targets.guide, guide('--mode', 'live')],
      ['guide with the plan', json, targets.guide, guide('--plan', plan)],
      ['guide back with the plan', json, targets.guide, guide('--plan', plan, '--back')],
      ['plan, JSON', json, targets.json, measure(['plan', '--to', 'ovn', '--out', 'OUT', '-f', json], folder)],
      ['plan, YAML', yaml, targets.yaml, measure(['plan', '--to', 'ovn', '--out', 'OUT', '-f', yaml], folder)],
      ['inspect, JSON', json, targets.json, measure(['inspect', '-o', 'json', '-f', json], folder)],
      ['addresses, JSON', json, targets.addresses, measure(['addresses', '-f', json], folder)],
      [
        'addresses, live, CSV',
        json,
        targets.addresses,
        measure(['addresses', '--mode', 'live', '-o', 'csv', '-f', json], folder),
      ],
      [
        'addresses, from the cluster',
        json,
        targets.addresses,
        measure(['addresses', '--from-cluster', '--kubeconfig', cluster.kubeconfig], folder),
      ],
      [
        'plan, two instance types',
        types,
        targets.types,
        measure(['plan', '--to', 'ovn', '--out', 'OUT', '-f', types], folder),
      ],
      ['back, 10,000 EgressIPs', served, targets.back, measure(['back', '--out', 'OUT', '-f', served], folder)],
    ] as const;
    table(
      'Migration: 10,000 namespaces, 500 nodes',
      ['', 'MB', 'ms', 'at most', 'RSS MiB', 'at most'],
      rows.map(([name, file, most, { ms, mib }]) => [name, megabytes(file), ms, most, mib, targets.mib]),
    );
    return rows.every(([, , most, { ms, mib }]) => ms <= most && mib <= targets.mib);
  } finally {
    for (const stop of stops) stop();
    rmSync(folder, { recursive: true });
  }
}
