/** `sdn-compat status`: every egress IP, who requests it, where it is, why it is not in use, and whether all is applied. */
import { hostSubnets, netNamespaces } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import { clusterFromFiles, clusterFromServer, type ReadCluster, statusOfRead } from '../../io/input/cluster.ts';
import { problemText } from '../../io/input/manifests.ts';
import { KubeConfigError } from '../../io/kube/error.ts';
import { narrowed, problemsOf } from '../../model/cluster/narrowed.ts';
import { type Standing, standingOf } from '../../model/cluster/standing.ts';
import type { Status } from '../../model/cluster/summary.ts';
import { type ClientFlags, openClient } from '../client.ts';
import { Failure, untilSignal } from '../fail.ts';
import { formatted, print, report } from '../output.ts';
import { selectedByServer, selectedInFiles } from './selected.ts';
import { statusTable } from './status-table.ts';

export interface StatusFlags extends ClientFlags {
  readonly filename: readonly string[];
  readonly output: 'table' | 'wide' | 'json' | 'yaml' | 'name';
  readonly namespace?: string;
  /** Of the labels of Namespaces. */
  readonly selector?: string;
  readonly node?: string;
  readonly problemsOnly: boolean;
  /** Whether agents are expected. */
  readonly agents: boolean;
  readonly watch: boolean;
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Reads the cluster once more, and which namespaces a selector selects. */
interface Source {
  readonly read: () => Promise<ReadCluster>;
  readonly selected: (selector: string) => Promise<ReadonlySet<string>>;
}

const notInUse = 1;
const cannotTell = 2;

/** Prints the status; exit status 1 if something is not in use or not applied, 2 if that cannot be told. */
export async function runStatus(flags: StatusFlags): Promise<void> {
  const isOnce = !flags.watch && !flags.wait;
  if (flags.selector !== undefined && flags.namespace !== undefined)
    throw new Failure('give one of --namespace and --selector', cannotTell);
  if (flags.watch && flags.wait) throw new Failure('give one of --watch and --wait', cannotTell);
  if (flags.filename.length > 0 && !isOnce) throw new Failure('files do not change: leave out --watch and --wait', 2);
  const { source, close } = flags.filename.length > 0 ? filesOf(flags) : await serverOf(flags);
  try {
    const seen = await seenBy(source, flags).catch((error: unknown) => {
      // status 1 would say that something is not in use
      if (error instanceof Failure || error instanceof KubeConfigError || !(error instanceof Error)) throw error;
      throw new Failure(error.message, cannotTell);
    });
    if (!flags.watch) print(await textOf(seen, flags));
    if (seen.standing.unknown.length > 0) process.exitCode = cannotTell;
    if (seen.standing.wrong.length > 0) process.exitCode = notInUse;
  } finally {
    close();
  }
}

function filesOf({ filename }: StatusFlags): { readonly source: Source; readonly close: () => void } {
  const read = async (): Promise<ReadCluster> => {
    const found = await clusterFromFiles(filename);
    if (found.ok) return found.value;
    throw new Failure(problemText(found.error), cannotTell);
  };
  return { source: { read, selected: (text) => selectedInFiles(filename, text) }, close: () => undefined };
}

async function serverOf(flags: StatusFlags): Promise<{ readonly source: Source; readonly close: () => void }> {
  const client = await openClient(flags, 'sdn-compat-status');
  const source = {
    read: () => clusterFromServer(client),
    selected: (text: string) => selectedByServer(client, text),
  };
  return { source, close: () => client.close() };
}

interface Seen {
  readonly status: Status;
  readonly standing: Standing;
}

/** The status as asked for; `tell` gets a line for each kind that could not be read. */
async function look(source: Source, flags: StatusFlags, tell: (line: string) => void): Promise<Seen> {
  const [read, selected] = await Promise.all([
    source.read(),
    flags.selector === undefined ? undefined : source.selected(flags.selector),
  ]);
  for (const line of read.unread.values()) tell(`${line}\n`);
  const whole = statusOfRead(read);
  checkNames(flags, read.cluster, new Set(whole.unread));
  const status = narrowed(whole, { node: flags.node, namespaces: selected ?? only(flags.namespace) });
  return {
    status: flags.problemsOnly ? problemsOf(status) : status,
    standing: standingOf(status, Date.now(), flags.agents),
  };
}

const only = (name: string | undefined): ReadonlySet<string> | undefined =>
  name === undefined ? undefined : new Set([name]);

/** A name that nothing has is a mistake, unless what has it could not be read. */
function checkNames(
  { namespace, node }: Pick<StatusFlags, 'namespace' | 'node'>,
  { netNamespaces: spaces, invalidNetNamespaces, hostSubnets: hosts, absent }: ReadCluster['cluster'],
  unread: ReadonlySet<string>,
): void {
  const isThere = (name: string | undefined, ...lists: readonly (readonly { readonly name: string }[])[]): boolean =>
    name === undefined || lists.some((list) => list.some((one) => one.name === name));
  if (!isThere(namespace, spaces, invalidNetNamespaces) && !unread.has(netNamespaces.kind))
    throw new Failure(`--namespace ${namespace ?? ''}: there is no NetNamespace of that name`, cannotTell);
  if (!isThere(node, hosts, absent) && !unread.has(hostSubnets.kind))
    throw new Failure(`--node ${node ?? ''}: there is no HostSubnet of that name`, cannotTell);
}

/** Milliseconds between two looks at least; a look that takes long is followed by a longer pause. */
const shortest = 1_000;
const timesAsLong = 9;

/** Looks again and again, and hands over what it sees, until that is enough or the signal aborts; returns it. */
async function repeat(
  once: () => Promise<Seen>,
  isEnough: (seen: Seen) => Promise<boolean>,
  until = Infinity,
): Promise<Seen> {
  const signal = untilSignal();
  let said = '';
  for (;;) {
    const began = performance.now();
    const seen = await once().catch((error: unknown) => {
      // a server that is away for a while is waited for; a mistake is not
      if (error instanceof Failure || signal.aborted || performance.now() >= until) throw error;
      return error instanceof Error ? error.message : String(error);
    });
    if (typeof seen !== 'string' && (await isEnough(seen))) return seen;
    if (typeof seen === 'string' && seen !== said) report(`${seen}\n`);
    said = typeof seen === 'string' ? seen : '';
    await pause(Math.max(shortest, timesAsLong * (performance.now() - began)), signal);
    if (signal.aborted && typeof seen !== 'string') return seen;
  }
}

/** What is seen first that is well, or last within the time; says what it waits for whenever that changes. */
function waited(source: Source, flags: StatusFlags): Promise<Seen> {
  const until = performance.now() + flags.timeout;
  let said = '';
  return repeat(
    () => look(source, flags, () => undefined),
    ({ standing: { wrong, unknown } }) => {
      const [first] = [...wrong, ...unknown];
      if (first === undefined || performance.now() >= until) return Promise.resolve(true);
      if (first !== said) report(`waiting: ${first}\n`);
      said = first;
      return Promise.resolve(false);
    },
    until,
  );
}

/** Prints what is seen whenever it changes, until a signal. */
function watched(source: Source, flags: StatusFlags): Promise<Seen> {
  let printed = '';
  return repeat(
    () => look(source, flags, () => undefined),
    async (seen) => {
      const text = await textOf(seen, flags);
      if (text !== printed) print(printed === '' ? text : `\n${text}`);
      printed = text;
      return false;
    },
  );
}

function seenBy(source: Source, flags: StatusFlags): Promise<Seen> {
  if (flags.watch) return watched(source, flags);
  return flags.wait ? waited(source, flags) : look(source, flags, report);
}

function textOf({ status, standing }: Seen, { output }: StatusFlags): Promise<string> {
  return formatted({ ...status, ...standing }, output, () => {
    if (output !== 'name') return statusTable(status, standing, output === 'wide');
    const names = new Set(status.egressIPs.flatMap(({ namespaces }) => namespaces));
    return [...names].map((name) => `netnamespace.network.openshift.io/${name}\n`).join('');
  });
}
