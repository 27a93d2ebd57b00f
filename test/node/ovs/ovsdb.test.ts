/** The copy of OVSDB and its connection, against a peer that says what a real one says only now and then. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRpc, JsonSplitter } from '../../../src/io/programs/jsonrpc.ts';
import { Ovsdb } from '../../../src/node/ovs/ovsdb.ts';

const dir = mkdtempSync(join(tmpdir(), 'ovsdb-'));
const path = join(dir, 'db.sock');
let server: Server | undefined;
const sockets: Socket[] = [];

/** Listens; `answer` gets the id of each call. */
async function listen(answer: (socket: Socket, id: number) => void): Promise<void> {
  server = createServer((socket) => {
    sockets.push(socket);
    const splitter = new JsonSplitter();
    socket.on('data', (chunk: Buffer) => {
      for (const text of splitter.push(chunk.toString())) answer(socket, (JSON.parse(text) as { id: number }).id);
    });
  });
  await new Promise<void>((resolve) => server!.listen(path, resolve));
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => server!.close(resolve));
});
afterAll(() => rmSync(dir, { recursive: true }));

const bridge = (mode: string) => ({ Bridge: { one: { new: { name: 'br0', fail_mode: mode } } } });

test('an update that comes together with the first rows counts, being newer', async () => {
  await listen((socket, id) => {
    const rows = { id, result: bridge('standalone'), error: null };
    socket.write(
      `${JSON.stringify(rows)}${JSON.stringify({ id: null, method: 'update', params: [null, bridge('secure')] })}`,
    );
  });
  const ovsdb = await Ovsdb.open(path);
  expect(ovsdb.find('Bridge', 'br0')?.row['fail_mode']).toBe('secure');
  ovsdb.close();
});

test('a call that is not answered fails and ends the connection', async () => {
  await listen(() => undefined);
  const rpc = await connectRpc(path, { limit: 50 });
  await expect(rpc.call('list_dbs', [])).rejects.toThrow('list_dbs was not answered within 50 ms');
  await rpc.closed;
  await expect(rpc.call('list_dbs', [])).rejects.toThrow('the connection ended');
});
