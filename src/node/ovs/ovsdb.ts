/**
 * The part of Open vSwitch's database (RFC 7047, schema Open_vSwitch) that the agent uses: a live copy of its bridges,
 * ports and interfaces, and transactions that wait for ovs-vswitchd to carry them out.
 */
import { connectRpc, type RpcConnection, RpcError } from '../../io/programs/jsonrpc.ts';
import { asList, asText, isRecord } from '../../model/values/json.ts';

/** A column's value, with RFC 7047's `["set", …]`, `["map", …]` and `["uuid", …]` converted to plain values. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };
export type Row = Readonly<Record<string, Value>>;
export type Operation = Readonly<Record<string, unknown>>;

const columns = {
  Open_vSwitch: ['cur_cfg', 'next_cfg', 'bridges'],
  Bridge: ['name', 'ports', 'datapath_type', 'fail_mode', 'protocols', 'external_ids'],
  Port: ['name', 'interfaces'],
  Interface: [
    'name',
    'type',
    'options',
    'ofport',
    'ofport_request',
    'external_ids',
    'mac',
    'mac_in_use',
    'error',
    'mtu_request',
  ],
} as const;

type TableName = keyof typeof columns;

function plain(value: unknown): Value {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  const [tag, body] = asList(value);
  if (tag === 'set') return asList(body).map(plain);
  if (tag !== 'map') return asText(body);
  return Object.fromEntries(asList(body).map((pair) => [String(asList(pair)[0]), plain(asList(pair)[1])]));
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** A column with a set; OVSDB writes a set of one as the element alone. */
export function asSet(value: Value | undefined): readonly Value[] {
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

/** A column with a map of texts; empty if it has none. */
export function asMap(value: Value | undefined): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asText(item)]));
}

/** A live copy of the tables above. */
export class Ovsdb {
  readonly closed: Promise<void>;
  readonly #rpc: RpcConnection;
  readonly #tables: Record<TableName, Map<string, Row>>;
  readonly #listeners: Set<() => void>;
  /** Called when the connection ends. */
  readonly #failClosed = new Set<() => void>();

  private constructor(rpc: RpcConnection, tables: Record<TableName, Map<string, Row>>, listeners: Set<() => void>) {
    this.#rpc = rpc;
    this.closed = rpc.closed;
    this.#tables = tables;
    this.#listeners = listeners;
    void rpc.closed.then(() => {
      for (const ended of [...this.#failClosed]) ended();
    });
  }

  /** Connects to the database at a unix socket and reads the tables; rejects if nobody listens there. */
  static async open(path: string): Promise<Ovsdb> {
    const listeners = new Set<() => void>();
    const tables = { Open_vSwitch: new Map(), Bridge: new Map(), Port: new Map(), Interface: new Map() };
    // updates right after the first rows are newer than these
    let early: unknown[] | undefined = [];
    const notify = (method: string, params: readonly unknown[]): void => {
      if (method !== 'update') return;
      if (early !== undefined) {
        early.push(params[1]);
        return;
      }
      absorb(tables, params[1]);
      for (const listener of listeners) listener();
    };
    const rpc = await connectRpc(path, { notify });
    const requests = Object.fromEntries(Object.entries(columns).map(([name, list]) => [name, { columns: list }]));
    const rows = await rpc.call('monitor', ['Open_vSwitch', null, requests]);
    for (const update of [rows, ...early]) absorb(tables, update);
    early = undefined;
    return new Ovsdb(rpc, tables, listeners);
  }

  /** Calls the listener after each change of the tables; returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The row with this name and its uuid, or undefined. */
  find(table: 'Bridge' | 'Port' | 'Interface', name: string): { readonly uuid: string; readonly row: Row } | undefined {
    for (const [uuid, row] of this.#tables[table]) if (row['name'] === name) return { uuid, row };
    return undefined;
  }

  rows(table: TableName): readonly Row[] {
    return [...this.#tables[table].values()];
  }

  /** Runs the operations as one transaction; throws RpcError naming the first that failed. */
  async transact(operations: readonly Operation[]): Promise<readonly unknown[]> {
    const result = await this.#rpc.call('transact', ['Open_vSwitch', ...operations]);
    const answers: readonly unknown[] = Array.isArray(result) ? result : [];
    for (const answer of answers) {
      if (isRecord(answer) && typeof answer['error'] === 'string') {
        throw new RpcError(`OVSDB: ${answer['error']}: ${asText(answer['details'])}`);
      }
    }
    return answers;
  }

  /** Runs a transaction, and waits until ovs-vswitchd has carried it out (at most `timeout` ms). */
  async configure(operations: readonly Operation[], timeout = 10_000): Promise<void> {
    const increment = [
      { op: 'mutate', table: 'Open_vSwitch', where: [], mutations: [['next_cfg', '+=', 1]] },
      { op: 'select', table: 'Open_vSwitch', where: [], columns: ['next_cfg'] },
    ];
    const answers = await this.transact([...operations, ...increment]);
    const selected = answers.at(-1);
    const rows = isRecord(selected) ? asList(selected['rows']) : [];
    const wanted = isRecord(rows[0]) ? Number(rows[0]['next_cfg']) : 0;
    await this.until(() => this.rows('Open_vSwitch').some((row) => Number(row['cur_cfg']) >= wanted), timeout);
  }

  /** Resolves when `condition` holds for the live copy; rejects after `timeout` ms or when the connection ends. */
  until(condition: () => boolean, timeout: number): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => {
        clearTimeout(timer);
        unsubscribe();
        this.#failClosed.delete(ended);
        if (error === undefined) resolve();
        else reject(error);
      };
      const ended = (): void => end(new RpcError('the connection to OVSDB ended'));
      const timer = setTimeout(() => end(new RpcError(`ovs-vswitchd did not act within ${timeout} ms`)), timeout);
      const unsubscribe = this.subscribe(() => {
        if (condition()) end();
      });
      this.#failClosed.add(ended);
    });
  }

  close(): void {
    this.#rpc.close();
  }
}

function absorb(tables: Record<string, Map<string, Row>>, updates: unknown): void {
  if (!isRecord(updates)) return;
  for (const [name, rows] of Object.entries(updates)) {
    const held = tables[name];
    if (held === undefined || !isRecord(rows)) continue;
    for (const [uuid, update] of Object.entries(rows)) {
      const fresh = isRecord(update) ? update['new'] : undefined;
      if (!isRecord(fresh)) held.delete(uuid);
      else held.set(uuid, Object.fromEntries(Object.entries(fresh).map(([column, value]) => [column, plain(value)])));
    }
  }
}
