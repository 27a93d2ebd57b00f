/** An Open vSwitch for each node: its own database, daemons and sockets, inside the node's network namespace. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Exec, must } from '../../io/programs/exec.ts';
import { files, type LabNode, type Layout, nodeNamespace } from '../layout.ts';
import { adoptDaemon } from './daemons.ts';

const schema = '/usr/share/openvswitch/vswitch.ovsschema';

/** The path of a node's database socket. */
export function databaseOf(layout: Layout, short: string): string {
  return join(files.ovs(layout, short), 'db.sock');
}

function inNode(run: Exec, layout: Layout, node: LabNode, argv: readonly string[]): Promise<string> {
  const dir = files.ovs(layout, node.short);
  const env = { OVS_RUNDIR: dir, OVS_LOGDIR: dir, OVS_DBDIR: dir };
  return must(run, 'ip', ['netns', 'exec', nodeNamespace(layout, node.short), ...argv], { env });
}

const quiet = ['--detach', '--no-chdir', '--pidfile', '--log-file', '-vconsole:off'] as const;

/** Starts ovs-vswitchd of a node with a running database. */
export async function startSwitch(run: Exec, layout: Layout, node: LabNode): Promise<void> {
  await inNode(run, layout, node, ['ovs-vswitchd', `unix:${databaseOf(layout, node.short)}`, ...quiet]);
  await adoptDaemon(layout, `ovs-vswitchd-${node.short}`, join(files.ovs(layout, node.short), 'ovs-vswitchd.pid'));
}

/** Creates the database of a node and starts both daemons. */
export async function makeSwitch(run: Exec, layout: Layout, node: LabNode): Promise<void> {
  const dir = files.ovs(layout, node.short);
  await mkdir(dir, { recursive: true });
  const database = join(dir, 'conf.db');
  await must(run, 'ovsdb-tool', ['create', database, schema]);
  await inNode(run, layout, node, [
    'ovsdb-server',
    database,
    `--remote=punix:${databaseOf(layout, node.short)}`,
    ...quiet,
  ]);
  await adoptDaemon(layout, `ovsdb-server-${node.short}`, join(dir, 'ovsdb-server.pid'));
  await startSwitch(run, layout, node);
}
