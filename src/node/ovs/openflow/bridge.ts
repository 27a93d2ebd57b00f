/** The flows, groups and meters of br0 in Open vSwitch: reads and writes them. Decides nothing. */
import type { Meter } from '../flow.ts';
import { applyBundle } from './bundle.ts';
import { zeros } from './bytes.ts';
import { OpenFlowConnection, type Outgoing } from './connection.ts';
import { type BridgeContent, contentOf } from './content.ts';
import { allFlows, type ReportedFlow, reportedFlows, reportedGroups } from './entries.ts';
import { fragments, messageType, multipart, multipartBody } from './message.ts';
import {
  allMeters,
  deletionOfMeter,
  type MeterFeatures,
  meterFeatures,
  meterMessage,
  noMeters,
  readMeterFeatures,
  type ReportedMeter,
  reportedMeters,
} from './meters.ts';
import { monitorFlows, tellsOfOthers } from './monitor.ts';

export interface BridgeDeps {
  /** The bridge's management socket. */
  readonly path: string;
  /** Awaited after every bundle. */
  readonly applied: () => Promise<unknown>;
  /** Somebody else changed flows. */
  readonly changed: () => void;
  /** The connection ended: Open vSwitch may have lost all flows. */
  readonly lost: () => void;
  /** Open vSwitch cannot tell of changes of others, for this reason. */
  readonly deaf: (reason: string) => void;
}

function ask(kind: number, name: string, body = ''): Outgoing {
  return { type: messageType.multipartRequest, body: multipartBody(kind, body), about: () => `a request for ${name}` };
}

function* all<T>(parts: readonly Buffer[], read: (part: Buffer) => Iterable<T>): Generator<T> {
  for (const part of parts) yield* read(part);
}

/** Speaks OpenFlow with br0 over one connection, which is made when it is first needed and again when it ended. */
export class Bridge {
  readonly #deps: BridgeDeps;
  #connection: Promise<OpenFlowConnection> | undefined;
  #isClosed = false;

  constructor(deps: BridgeDeps) {
    this.#deps = deps;
  }

  /** The flows and groups of br0; rejects if Open vSwitch does not answer. */
  async read(): Promise<BridgeContent> {
    const [flows, groups] = await Promise.all([
      this.#parts(ask(multipart.flows, 'flows', allFlows)),
      this.#parts(ask(multipart.groups, 'groups')),
    ]);
    return contentOf(all(flows, reportedFlows), all(groups, reportedGroups));
  }

  /** The flows of br0 with how many packets each took; rejects if Open vSwitch does not answer. */
  async counters(): Promise<Iterable<ReportedFlow>> {
    return all(await this.#parts(ask(multipart.flows, 'flows', allFlows)), reportedFlows);
  }

  /** Applies the messages as one atomic bundle: either all or none take effect. */
  async apply(messages: readonly Outgoing[]): Promise<void> {
    await applyBundle(await this.#connect(), messages);
    await this.#deps.applied();
  }

  /** What the switch can do about meters; nothing if it knows none. Rejects if it does not answer. */
  async meterFeatures(): Promise<MeterFeatures> {
    const { errors, parts } = await (await this.#connect()).request([meterFeatures]);
    const [part] = parts;
    return errors.length > 0 || part === undefined ? noMeters : readMeterFeatures(part);
  }

  /** The meters of br0; rejects if Open vSwitch does not answer. */
  async meters(): Promise<Iterable<ReportedMeter>> {
    return all(await this.#parts(allMeters), reportedMeters);
  }

  /**
   * Adds a meter, or changes the one of this number; returns the reason if the switch refuses it. Rejects if it does not
   * answer.
   */
  async setMeter(meter: Meter, isThere: boolean): Promise<string | undefined> {
    const { errors } = await (await this.#connect()).request([meterMessage(meter, isThere)]);
    return errors[0];
  }

  /** Deletes a meter, with the flows that use it. */
  async deleteMeter(id: number): Promise<void> {
    await this.#request(deletionOfMeter(id));
  }

  /** Matches fragments by their addresses; only the first has ports. */
  async matchFragments(): Promise<void> {
    // no packet is for a controller
    const body = fragments.match + zeros(2);
    await this.#request({ type: messageType.setConfig, body, about: () => 'the way to match fragments' });
  }

  /** Ends the connection; no new one is made. */
  close(): void {
    this.#isClosed = true;
    this.#connection?.then((connection) => connection.close()).catch(() => undefined);
  }

  async #parts(request: Outgoing): Promise<readonly Buffer[]> {
    return (await this.#request(request)).parts;
  }

  async #request(message: Outgoing): ReturnType<OpenFlowConnection['request']> {
    const answer = await (await this.#connect()).request([message]);
    const [error] = answer.errors;
    if (error !== undefined) throw new Error(`Open vSwitch refused ${error}`);
    return answer;
  }

  #connect(): Promise<OpenFlowConnection> {
    if (this.#isClosed) return Promise.reject(new Error('the agent ends'));
    this.#connection ??= this.#open().catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  async #open(): Promise<OpenFlowConnection> {
    const { path, changed, lost, deaf } = this.#deps;
    const connection = await OpenFlowConnection.open({
      path,
      onMessage: (message) => {
        if (tellsOfOthers(message)) changed();
      },
    });
    void connection.closed.then(() => {
      this.#connection = undefined;
      if (!this.#isClosed) lost();
    });
    const reason = await monitorFlows(connection);
    if (reason !== undefined) deaf(reason);
    return connection;
  }
}
