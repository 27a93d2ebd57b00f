/** `sdn-compat dashboard`: the status of a cluster as a page, live or as a file. */
import { once } from 'node:events';
import { clusterFromFiles, type ReadCluster, statusOfRead } from '../../../io/input/cluster.ts';
import type { TrafficObjects } from '../../../io/input/traffic.ts';
import { replaceFile } from '../../../io/state-file.ts';
import { movesBetween } from '../../../model/cluster/moves.ts';
import { standingOf } from '../../../model/cluster/standing.ts';
import { changeBetween } from '../../../page/change.ts';
import type { PageState } from '../../../page/state.ts';
import { type ClientFlags, openClient } from '../../client.ts';
import { Failure, untilSignal } from '../../fail.ts';
import { print } from '../../output.ts';
import { builtParts, documentText, type PageParts } from '../../page-document.ts';
import { programVersion } from '../../version.ts';
import { assemble } from '../trace.ts';
import { tracePod, whatIf } from './asks.ts';
import { type Ask, type PageServer, pageTitle, servePage } from './server.ts';

export interface DashboardFlags extends ClientFlags {
  readonly filename: readonly string[];
  readonly export?: string;
  /** HOST:PORT. */
  readonly listen: string;
  readonly behindProxy: boolean;
  /** Whether agents are expected. */
  readonly agents: boolean;
}

/** What is shown, and how it can be asked. */
interface Shown {
  readonly name: string;
  readonly isLive: boolean;
  readonly now: () => ReadCluster & { readonly stale?: string | undefined };
  readonly traffic: () => Promise<TrafficObjects>;
  close(): void;
}

const badInput = 2;
/** How many moves are kept. */
const mostMoves = 200;

/** The state of the page, which remembers the moves that it has seen. */
class Story {
  readonly #shown: Shown;
  readonly #expectsAgents: boolean;
  #last: PageState | undefined;

  constructor(shown: Shown, { agents }: DashboardFlags) {
    this.#shown = shown;
    this.#expectsAgents = agents;
  }

  now(): PageState {
    return (this.#last ??= this.#look());
  }

  /** Looks again; what changed, or undefined. */
  change(): ReturnType<typeof changeBetween> {
    const before = this.now();
    this.#last = this.#look();
    return changeBetween(before, this.#last);
  }

  #look(): PageState {
    const { name, isLive, now } = this.#shown;
    const read = now();
    const status = statusOfRead(read);
    const { egressIPs: rows, nodes, notes, controllers } = status;
    const at = new Date();
    const last = this.#last;
    const moves =
      last === undefined ? [] : movesBetween({ egressIPs: last.rows, nodes: last.nodes }, status, at.toISOString());
    return {
      ...{ rows, nodes },
      frame: {
        ...{ source: name, isLive, version: programVersion, stale: read.stale ?? null, notes, unread: status.unread },
        ...standingOf(status, at.getTime(), this.#expectsAgents),
        // each renewal would be a change
        controllers: controllers?.map((one) => ({ ...one, renewed: null })) ?? null,
        moves: [...moves, ...(last?.frame.moves ?? [])].slice(0, mostMoves),
      },
    };
  }
}

function pageParts(): PageParts {
  const parts = builtParts('page');
  if (parts === undefined) throw new Failure('the page is part of the built program: npm run build');
  return parts;
}

/** Serves the page until a signal, or writes it. */
export async function runDashboard(flags: DashboardFlags): Promise<void> {
  const parts = pageParts();
  const signal = untilSignal();
  let told = (): void => undefined;
  const shown = flags.filename.length > 0 ? await fromFiles(flags) : await fromServer(flags, signal, () => told());
  try {
    const story = new Story(shown, flags);
    if (flags.export !== undefined) {
      const { frame, ...rest } = story.now();
      const state = { ...rest, frame: { ...frame, isLive: false } };
      await replaceFile(flags.export, documentText({ title: pageTitle, parts, state, body: '' }));
      print(`written to ${flags.export}, which any browser opens\n`);
      return;
    }
    const server = await serve(flags, parts, shown, story);
    told = () => {
      const change = story.change();
      if (change !== undefined) server.send(change);
    };
    if (!signal.aborted) await once(signal, 'abort');
    server.close();
  } finally {
    shown.close();
  }
}

async function serve(flags: DashboardFlags, parts: PageParts, shown: Shown, story: Story): Promise<PageServer> {
  const [, given, digits] = /^(.+):(\d+)$/.exec(flags.listen) ?? [];
  if (given === undefined || Number(digits) > 65_535)
    throw new Failure(`--listen ${JSON.stringify(flags.listen)}: it must be ADDRESS:PORT`, badInput);
  const host = given.replace(/^\[(.*)\]$/, '$1');
  const isLoopback = /^(127\.|::1$|localhost$)/.test(host);
  if (!isLoopback && !flags.behindProxy)
    throw new Failure(
      `--listen ${flags.listen}: the page is served without TLS, so on loopback alone, or with --behind-proxy in a cluster`,
      badInput,
    );
  const server = await servePage({
    ...{ host, port: Number(digits), parts, isBehindProxy: flags.behindProxy, isLoopback },
    state: () => story.now(),
    asks: new Map<string, Ask>([
      ['what-if', (question) => whatIf(shown.now().cluster, question)],
      [
        'trace',
        async (question) => tracePod(assemble(shown.now(), await shown.traffic(), { firstAvailable: false }), question),
      ],
    ]),
  }).catch((error: unknown) => {
    throw new Failure(`--listen ${flags.listen}: ${error instanceof Error ? error.message : String(error)}`);
  });
  const { port, token } = server;
  print(
    flags.behindProxy
      ? `the page is at ${given}:${port}, for who comes by the API server\n`
      : `open http://${given}:${port}/#${token}\nIt opens once; Ctrl-C ends it.\n`,
  );
  return server;
}

async function fromFiles({ filename }: DashboardFlags): Promise<Shown> {
  const [{ trafficFromFiles }, { problemText }] = await Promise.all([
    import('../../../io/input/traffic.ts'),
    import('../../../io/input/manifests.ts'),
  ]);
  const found = await clusterFromFiles(filename);
  if (!found.ok) throw new Failure(problemText(found.error), badInput);
  const traffic = async (): Promise<TrafficObjects> => {
    const read = await trafficFromFiles(filename);
    if (read.ok) return read.value;
    throw new Failure(problemText(read.error));
  };
  return { name: filename.join(', '), isLive: true, now: () => found.value, traffic, close: () => undefined };
}

async function fromServer(flags: DashboardFlags, signal: AbortSignal, onChange: () => void): Promise<Shown> {
  const [{ createLogger }, { followCluster }, { trafficFromServer }] = await Promise.all([
    import('../../../io/log.ts'),
    import('../../../io/input/live.ts'),
    import('../../../io/input/traffic.ts'),
  ]);
  const logger = createLogger({ level: 'error', name: 'sdn-compat-dashboard' });
  const client = await openClient(flags, 'sdn-compat-dashboard');
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const close = (): void => {
    stop.abort();
    client.close();
  };
  try {
    const following = await followCluster(client, { logger, signal: both, onChange });
    const name = flags.context ?? flags.kubeconfig ?? 'the cluster';
    return { name, isLive: true, now: () => following.now(), traffic: () => trafficFromServer(client), close };
  } catch (error) {
    close();
    throw error;
  }
}
