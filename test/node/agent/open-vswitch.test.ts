/** The agent's connections to Open vSwitch, to peers that only listen. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../src/io/log.ts';
import { exec } from '../../../src/io/programs/exec.ts';
import { OpenVswitch } from '../../../src/node/agent/open-vswitch.ts';

const folder = mkdtempSync(join(tmpdir(), 'open-vswitch-'));
let daemon: Server;
const opened: Promise<Socket>[] = [];

beforeAll(async () => {
  writeFileSync(join(folder, 'ovs-vswitchd.pid'), '7\n');
  daemon = createServer();
  await new Promise<void>((resolve) => daemon.listen(join(folder, 'ovs-vswitchd.7.ctl'), resolve));
});
afterAll(async () => {
  for (const socket of opened) (await socket).destroy();
  await new Promise((resolve) => daemon.close(resolve));
  rmSync(folder, { recursive: true });
});

/** The next connection to ovs-vswitchd's control socket. */
function nextConnection(): Promise<Socket> {
  const next = new Promise<Socket>((resolve) => daemon.once('connection', resolve));
  opened.push(next);
  return next;
}

test('an agent that ends while it connects to ovs-vswitchd leaves no connection, which would keep it from ending', async () => {
  const openVswitch = new OpenVswitch(
    { ovsRunDir: folder, ovsdbSocket: join(folder, 'db.sock'), datapath: 'netdev' },
    {
      exec,
      logger: createLogger({ level: 'silent', name: 'test' }),
      changed: () => undefined,
      flowsChanged: () => undefined,
      lost: () => undefined,
    },
  );
  const connection = nextConnection();
  const watching = openVswitch.watch();
  openVswitch.close();
  const socket = await connection;
  const closed = new Promise((resolve) => socket.resume().once('close', resolve));
  await watching;
  await closed;
});
