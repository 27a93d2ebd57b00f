/** Open vSwitch's database with the rows that a test gives it, at a real socket. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JsonSplitter } from '../../../src/io/programs/jsonrpc.ts';
import { asList, asText, fieldOf, isRecord } from '../../../src/model/values/json.ts';
import { type Operation, Ovsdb } from '../../../src/node/ovs/ovsdb.ts';

export type Tables = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

export interface Database {
  readonly ovsdb: Ovsdb;
  /** The operations of each transaction so far. */
  readonly transactions: readonly (readonly Operation[])[];
  /** Tells of further rows, as ovs-vswitchd would. */
  readonly tell: (tables: Tables) => void;
  close(): Promise<void>;
}

let count = 0;
const rowsOf = (tables: Tables): object =>
  Object.fromEntries(
    Object.entries(tables).map(([table, rows]) => [
      table,
      Object.fromEntries(rows.map((row) => [`${table}-${asText(row['name']) || String(count++)}`, { new: row }])),
    ]),
  );

/** Opens a database; `onTransaction` returns what is told after a transaction. */
export async function database(tables: Tables, onTransaction: () => Tables = () => ({})): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), 'sdn-compat-test-'));
  const transactions: Operation[][] = [];
  let peer: Socket | undefined;
  const say = (message: object): void => {
    peer?.write(JSON.stringify(message));
  };
  const tell = (told: Tables): void => say({ id: null, method: 'update', params: [null, rowsOf(told)] });
  const answer = (message: unknown): void => {
    const [id, method, params] = ['id', 'method', 'params'].map((key) => fieldOf(message, key));
    if (method === 'monitor') say({ id, result: rowsOf(tables), error: null });
    else {
      const operations = asList(params).slice(1).filter(isRecord);
      transactions.push(operations);
      const rows = (table: string): readonly object[] =>
        table === 'Open_vSwitch' ? [{ next_cfg: 1 }] : (tables[table] ?? []);
      const result = operations.map(({ op, table }) => (op === 'select' ? { rows: rows(asText(table)) } : {}));
      say({ id, result, error: null });
      tell({ ...onTransaction(), Open_vSwitch: [{ name: 'only', cur_cfg: 1 }] });
    }
  };
  const server = createServer((socket) => {
    const splitter = new JsonSplitter();
    peer = socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      for (const text of splitter.push(chunk)) answer(JSON.parse(text));
    });
    socket.on('error', () => undefined);
  });
  const path = join(folder, 'db.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const ovsdb = await Ovsdb.open(path);
  return {
    ovsdb,
    transactions,
    tell,
    close: async () => {
      ovsdb.close();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
