/** Probes of addresses of this machine. Probes that nothing answers are tried with the health of nodes. */
import { type AddressInfo, createServer, type Server } from 'node:net';
import { ownAddresses, tcpProbe } from '../../../src/io/health/probe.ts';
import { ip } from '../../node/states.ts';

function listen(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address: AddressInfo | string | null = server.address();
      resolve({ server, port: typeof address === 'object' && address !== null ? address.port : 0 });
    });
  });
}
const probed = (port: number, address = '127.0.0.1'): Promise<boolean> =>
  new Promise((resolve) => tcpProbe(port)(ip(address), resolve));

it('is answered by a connection and by a refusal', async () => {
  const { server, port } = await listen();
  expect(await probed(port)).toBe(true);
  await new Promise((resolve) => server.close(resolve));
  expect(await probed(port)).toBe(true);
});

it('says so when there is no way to the address', async () => {
  expect(await probed(9, '255.255.255.255')).toBe(false);
});

it('says nothing any more once it is canceled', async () => {
  const { server, port } = await listen();
  let told = 0;
  tcpProbe(port)(ip('127.0.0.1'), () => told++)();
  expect(await probed(port)).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(told).toBe(0);
  server.close();
});

it('knows the addresses of this machine', () => {
  expect(ownAddresses().has('127.0.0.1')).toBe(true);
  expect(ownAddresses().has('192.0.2.1')).toBe(false);
});
