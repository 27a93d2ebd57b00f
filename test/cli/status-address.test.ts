import { Command } from 'commander';
import { Registry } from 'prom-client';
import { openStatus, statusAddressOption } from '../../src/cli/status-address.ts';
import { logged } from '../logged.ts';

const parsed = (...args: readonly string[]): unknown =>
  new Command()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addOption(statusAddressOption('127.0.0.1:9106'))
    .parse([...args], { from: 'user' })
    .opts()['statusAddress'];

it('has its default', () => {
  expect(parsed()).toBe('127.0.0.1:9106');
});

test.each(['0.0.0.0:0', 'localhost:65535', '[::1]:80', 'off'])('may be %s', (text) => {
  expect(parsed('--status-address', text)).toBe(text);
});

test.each(['localhost', ':80', 'localhost:', 'localhost:65536', 'a b:80', 'localhost:8o', 'localhost:-1', ''])(
  'may not be %j',
  (text) => {
    expect(() => parsed('--status-address', text)).toThrow('it must be HOST:PORT, or off.');
  },
);

const open = (at: string): ReturnType<typeof openStatus> =>
  openStatus(at, logged().logger, new Registry(), () => undefined);

it('serves nothing when it is off', async () => {
  expect(await open('off')).toBeUndefined();
});

test.each(['127.0.0.1:0', '[::1]:0'])('serves at %s, on the port that was free', async (at) => {
  const server = await open(at).catch(() => undefined);
  if (server === undefined)
    expect(at).toContain('::1'); // a machine without IPv6
  else {
    expect((await fetch(`http://${at.replace(/0$/, String(server.port))}/healthz`)).status).toBe(200);
    server.close();
  }
});

it('says in one line that it cannot have the address', async () => {
  const first = await open('127.0.0.1:0');
  const at = `127.0.0.1:${first?.port ?? 0}`;
  const error: unknown = await open(at).catch((failure: unknown) => failure);
  first?.close();
  expect(error).toMatchObject({ name: 'Failure', status: 1 });
  expect(String(error)).toContain(`--status-address ${at}: `);
  expect(String(error)).toContain(`listen EADDRINUSE: address already in use ${at}`);
});
