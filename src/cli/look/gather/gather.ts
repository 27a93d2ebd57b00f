/** `sdn-compat gather`: one bundle for support. What could not be read is listed, and stops nothing. */
import { hostname } from 'node:os';
import { dump } from 'js-yaml';
import { pods } from '../../../../api/kinds.ts';
import { clusterFromServer, statusOfRead } from '../../../io/input/cluster.ts';
import type { KubeClient } from '../../../io/kube/client.ts';
import { exec } from '../../../io/programs/exec.ts';
import { gatheredFiles, type GatheredKind, gatheredKinds } from '../../../migrate/input/gather.ts';
import { readServer } from '../../../migrate/input/server.ts';
import { objectsOf, type Snapshot } from '../../../migrate/snapshot.ts';
import { unsetOptions } from '../../../migrate/target.ts';
import { newPlugins, wanted } from '../../../migrate/targets.ts';
import { standingOf } from '../../../model/cluster/standing.ts';
import { messageOf } from '../../../model/values/message-of.ts';
import { checkHost } from '../../../node/admin/check.ts';
import { gatherHost } from '../../../node/admin/gather.ts';
import { refuseOccupied, type TextFile, writeTexts } from '../../archive.ts';
import { type ClientFlags, openClient } from '../../client.ts';
import { report } from '../../output.ts';
import { programVersion } from '../../version.ts';
import { statusTable } from '../status-table.ts';
import { maskedWith } from './applied.ts';
import { Mask } from './mask.ts';
import { otherObjects } from './objects.ts';

export interface SupportFlags extends ClientFlags {
  /** A folder, a file of an archive, or `-`. */
  readonly out: string;
  readonly redact: boolean;
  readonly nodeOnly: boolean;
  readonly nodeName?: string;
  readonly ovsRunDir: string;
  readonly logLines: number;
}

/** What is in the bundle, and a line for each thing that is not. */
interface Gathered {
  readonly texts: readonly TextFile[];
  readonly missing: readonly string[];
  /** The objects of the cluster, if those were read. */
  readonly snapshot?: Snapshot;
}

const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const yamlText = (value: unknown): string => dump(value, { noRefs: true, lineWidth: -1, sortKeys: false });

/** Reads and writes the bundle. Exit status 1 if something could not be read; the rest is written all the same. */
export async function runGather(flags: SupportFlags): Promise<void> {
  await refuseOccupied(flags.out);
  const { texts, missing, snapshot } = flags.nodeOnly ? await fromNode(flags) : await fromCluster(flags);
  const all = [
    { path: 'version', text: `sdn-compat ${programVersion}\n` },
    { path: 'sdn-compat/missing.txt', text: missing.map((line) => `${line}\n`).join('') },
    ...texts,
  ];
  const shown = flags.redact ? masked(all, snapshot) : all;
  await writeTexts(flags.out, shown);
  for (const line of missing) report(`not read: ${line}\n`);
  report(`${shown.length} files${flags.out === '-' ? '' : ` written to ${flags.out}`}\n`);
  if (missing.length > 0) process.exitCode = 1;
}

function masked(all: readonly TextFile[], snapshot: Snapshot | undefined): readonly TextFile[] {
  const mask = new Mask();
  const hide = (text: string): string => mask.text(text);
  const inText = snapshot === undefined ? hide : maskedWith(snapshot, hide);
  return all.map(({ path, text }) => ({ path: hide(path), text: inText(text) }));
}

/** This node alone, also while the API server is away. */
async function fromNode({ ovsRunDir, nodeName = hostname(), ...flags }: SupportFlags): Promise<Gathered> {
  const folder = `nodes/${encodeURIComponent(nodeName)}`;
  const found = await gatherHost(ovsRunDir, exec);
  let unreachable = '';
  const client = await openClient(flags, 'sdn-compat-gather').catch((error: unknown) => {
    unreachable = messageOf(error);
    return undefined;
  });
  const cni = { configs: '/etc/cni/net.d', plugins: '/opt/cni/bin' };
  const options = { nodeName, ovsRunDir, datapath: 'auto', cni } as const;
  const check = await checkHost(options, { exec, client, unreachable }).catch(messageOf);
  client?.close();
  return {
    texts: [
      ...found.flatMap(({ name, text }) => (text === undefined ? [] : [{ path: `${folder}/${name}`, text }])),
      ...(typeof check === 'string' ? [] : [{ path: `${folder}/check.txt`, text: jsonText(check) }]),
    ],
    missing: [
      ...found.flatMap(({ name, problem }) => (problem === undefined ? [] : [`${folder}/${name}: ${problem}`])),
      ...(typeof check === 'string' ? [`${folder}/check.txt: ${check}`] : []),
    ],
  };
}

async function fromCluster(flags: SupportFlags): Promise<Gathered> {
  const client = await openClient(flags, 'sdn-compat-gather');
  try {
    const snapshot = await readServer(client, { ...wanted, progress: () => undefined });
    const known = new Set(
      objectsOf(snapshot, pods).map(({ metadata: { namespace = '', name = '' } }) => `${namespace}/${name}`),
    );
    const kinds = gatheredKinds(snapshot, wanted);
    const others = await otherObjects(client, known);
    const parts = [
      await logsOf(client, others.ownPods, flags.logLines),
      await statusTexts(client),
      findingsOf(snapshot),
    ];
    return {
      snapshot,
      texts: [
        { path: 'index.json', text: jsonText(kinds) },
        ...[...gatheredFiles(snapshot, wanted), ...others.files].map(({ path, content }) => ({
          path,
          text: yamlText(content),
        })),
        { path: 'sdn-compat/pods.txt', text: jsonText(others.health) },
        ...parts.flatMap(({ texts }) => texts),
      ],
      missing: [...kinds.flatMap(unreadLine), ...others.unread, ...parts.flatMap(({ missing }) => missing)],
    };
  } finally {
    client.close();
  }
}

const unreadLine = ({ kind, unread }: GatheredKind): readonly string[] =>
  unread === undefined ? [] : [`${kind} objects: ${unread}`];

/** The status as users see it, and as programs do. */
async function statusTexts(client: KubeClient): Promise<Gathered> {
  try {
    const status = statusOfRead(await clusterFromServer(client));
    const standing = standingOf(status, Date.now());
    return {
      texts: [
        { path: 'sdn-compat/status.txt', text: statusTable(status, standing, true) },
        { path: 'sdn-compat/status.json.txt', text: jsonText({ ...status, ...standing }) },
      ],
      missing: [],
    };
  } catch (error) {
    return { texts: [], missing: [`status: ${messageOf(error)}`] };
  }
}

/** What a migration would find, which are also the oddities of a cluster that stays. */
function findingsOf(snapshot: Snapshot): Gathered {
  const [target] = newPlugins;
  try {
    const translator = target?.translator(unsetOptions(target));
    const findings = target === undefined ? [] : (translator?.translate(target.before(snapshot)).findings ?? []);
    return { texts: [{ path: 'sdn-compat/findings.json.txt', text: jsonText(findings) }], missing: [] };
  } catch (error) {
    return { texts: [], missing: [`findings: ${messageOf(error)}`] };
  }
}

/** The last lines that our pods wrote, also before they began again. */
async function logsOf(
  client: KubeClient,
  ownPods: readonly { readonly namespace: string; readonly name: string }[],
  tailLines: number,
): Promise<Gathered> {
  const texts: TextFile[] = [];
  const missing: string[] = [];
  for (const ref of ownPods) {
    const folder = `namespaces/${encodeURIComponent(ref.namespace)}/pods/${encodeURIComponent(ref.name)}`;
    await client.log(ref, { tailLines }).then(
      (text) => texts.push({ path: `${folder}/current.log`, text }),
      (error: unknown) => missing.push(`log of ${ref.namespace}/${ref.name}: ${messageOf(error)}`),
    );
    // most have not begun again
    await client.log(ref, { tailLines, previous: true }).then(
      (text) => texts.push({ path: `${folder}/previous.log`, text }),
      () => undefined,
    );
  }
  return { texts, missing };
}
