/**
 * `migrate apply --then-facade` as a process that is killed at one of its writes, before the write is sent or once it is
 * answered: done again, it ends where it ends without.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import omitBy from 'lodash/omitBy.js';
import {
  clusterNetworks,
  customResourceDefinitions,
  egressFirewalls,
  egressIPs,
  hostSubnets,
  networkOperators,
} from '../../../../api/kinds.ts';
import { exec, type RunResult } from '../../../../src/io/programs/exec.ts';
import { definitionOf, open } from '../../../../src/lab/ovn/definitions.ts';
import { ClusterManager } from '../../../../src/lab/ovn/manager.ts';
import { assignedIn } from '../../../../src/migrate/kinds/egressip.ts';
import { readJournal } from '../../../../src/migrate/run/journal.ts';
import type { HostSubnetObject, KubeObject } from '../../../../src/model/objects/raw.ts';
import { isRecord } from '../../../../src/model/values/json.ts';
import { logger, type Started } from '../../../apiserver/started.ts';
import { ControllerProcess } from '../../../controllers/process.ts';
import { create, dump, startCluster, switchToOVN } from '../../../migrate/cluster.ts';
import { make } from '../../../migrate/snapshots.ts';
import { program } from '../../../program.ts';
import { generator } from '../../../random.ts';
import { rounds } from '../../../rounds.ts';
import { objects } from './on-the-way.ts';

const dying = join(import.meta.dirname, 'dying.mjs');

/** `apply` is run at three times; the plan is done by the first two. */
type Stage = 'before the switch' | 'after the switch' | 'with the facade';
/** After the switch, where all writes are. */
interface Kill {
  /** At which write. */
  readonly at: number;
  readonly isAnswered: boolean;
}

/** A cluster on its way from OpenShift SDN to the facade. */
class Way {
  readonly started: Started;
  readonly #plan: string;
  readonly #kill: Kill | undefined;
  /** How many writes a run at each stage made that was not killed. */
  readonly writes = new Map<Stage, number>();

  constructor(started: Started, kill: Kill | undefined) {
    this.started = started;
    this.#plan = join(started.folder, 'plan');
    this.#kill = kill;
  }

  #run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
    const node = ['--import', dying, ...program, 'migrate'];
    return exec(process.execPath, [...node, ...args, '--kubeconfig', this.started.kubeconfig], {
      env,
      timeout: 120_000,
    });
  }

  async plan(): Promise<void> {
    const flags = ['--to', 'ovn', '--from-cluster', '--machine-network', '192.168.7.0/24', '--out', this.#plan];
    expect((await this.#run(['plan', ...flags])).status).toBe(0);
  }

  /** Applies, killed on the way if it is the time for it, and then again. */
  async apply(stage: Stage): Promise<RunResult> {
    const args = ['apply', '--plan', this.#plan, '--then-facade'];
    if (stage === 'after the switch' && this.#kill !== undefined) {
      const { at, isAnswered } = this.#kill;
      const killed = await this.#run(args, { DIE_AT: `${at}`, DIE_ANSWERED: isAnswered ? '1' : '0' });
      expect(killed).toMatchObject({ status: -1 });
    }
    const count = join(this.started.folder, 'count');
    const ran = await this.#run(args, { DIE_COUNT: count });
    this.writes.set(stage, Number(await readFile(count, 'utf8')));
    return ran;
  }

  /** What the journal says is done. */
  async done(): Promise<readonly string[]> {
    const entries = await readJournal(this.#plan);
    if (!entries.ok) throw new Error(entries.error);
    return entries.value.flatMap(({ event, step = '', object = '' }) =>
      event === 'done' ? [`${step} ${object}`] : [],
    );
  }
}

interface End {
  readonly objects: string;
  readonly done: readonly string[];
  readonly writes: ReadonlyMap<Stage, number>;
}

/** What every cluster has otherwise: uids, and the marks of EgressIPs, which are given in the order that they come in. */
const isOwn = (name: string): boolean => name.endsWith('-uid') || name === 'k8s.ovn.org/egressip-mark';

/** All objects, as text. */
async function shown({ client }: Started): Promise<string> {
  const found = await dump(client);
  return JSON.stringify(
    found,
    (key, value: unknown) =>
      key === 'annotations' && isRecord(value) ? omitBy(value, (_, name) => isOwn(name)) : value,
    1,
  );
}

/** Waits until the facade has moved what OVN-Kubernetes assigned elsewhere, and closes no namespace. */
async function settled({ client }: Started): Promise<void> {
  for (;;) {
    const places = (await client.list(egressIPs)).items.flatMap((object) => [...assignedIn(object)]);
    const host = await client.get<HostSubnetObject>(hostSubnets, { name: 'n3' });
    const closed = (await client.list(egressFirewalls)).items;
    if (places.length === 4 && host?.egressIPs?.[0] === '192.168.7.200' && closed.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function migrated(kill?: Kill): Promise<End> {
  const started = await startCluster();
  let manager: ClusterManager | undefined;
  let facade: ControllerProcess | undefined;
  try {
    const { client, kubeconfig } = started;
    await client.create<KubeObject>(customResourceDefinitions, definitionOf(networkOperators, open));
    await client.create(clusterNetworks, make.clusterNetwork());
    await create(client, objects);
    const way = new Way(started, kill);
    await way.plan();
    expect(await way.apply('before the switch')).toMatchObject({ status: 3, stderr: '' });
    await switchToOVN(client);
    manager = await ClusterManager.start(client, { build: 'B', random: generator(1), logger });
    expect(await way.apply('after the switch')).toMatchObject({
      status: 3,
      stdout: expect.stringContaining('kubectl apply -k config/overlays/ovn-facade') as string,
    });
    const flags = ['--backend=ovn', '--leader-elect', '--lease-namespace=sdn-compat'];
    facade = new ControllerProcess(kubeconfig, ...flags);
    while (!facade.said('the facade of OVN-Kubernetes started'))
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await way.apply('with the facade')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Done: the facade runs') as string,
    });
    await settled(started);
    return { objects: await shown(started), done: (await way.done()).toSorted(), writes: way.writes };
  } finally {
    await facade?.end('SIGTERM');
    await manager?.stop();
    await started.stop();
  }
}

/** How many writes the plan is: the first two Nodes, the EgressIPs one after the other, and the third Node. */
const most = 7;
const kills = Array.from({ length: most }, (_, index) => index + 1).flatMap((at) => [
  { at, isAnswered: false },
  { at, isAnswered: true },
]);
const step = kills.length / rounds(kills.length);

describe('killed after the switch', () => {
  let whole: End;
  beforeAll(async () => (whole = await migrated()), 600_000);

  test('all writes are then', () => {
    expect([...whole.writes.values()]).toEqual([0, most, 0]);
    expect(whole.done).toHaveLength(new Set(whole.done).size);
  });

  test.each(kills.filter((_, index) => index % step === 5 % step))(
    'at write $at, answered: $isAnswered',
    async (kill) => {
      const again = await migrated(kill);
      expect(again.objects).toBe(whole.objects);
      expect(again.done).toEqual(whole.done);
      // what was made before is not written again, but for the one whose end nobody knows
      expect(again.writes.get('after the switch')).toBeLessThanOrEqual(most + 1 - kill.at);
    },
    600_000,
  );
});
