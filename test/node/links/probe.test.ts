/** Who may keep an egress IP from an interface of this node: somebody outside who answers for it, and nobody else. */
import { createLogger } from '../../../src/io/log.ts';
import type { RunResult } from '../../../src/io/programs/exec.ts';
import { AddressProbes, type Question, type Withheld } from '../../../src/node/links/probe.ts';
import { ip } from '../states.ts';

const address = ip('192.168.7.200');
const mac = '52:54:00:a8:07:0c';
const peer = ip('192.168.7.12');
const said = (status: number, stdout = '', stderr = ''): RunResult => ({ status, stdout, stderr });
const reply = (from: string): RunResult => said(1, `Unicast reply from ${from} [${mac.toUpperCase()}]  0.6ms\n`);

const stop = new AbortController();
afterAll(() => stop.abort());

interface Network {
  readonly asked: string[];
  /** What is withheld once the answer came. */
  readonly settled: () => Promise<Withheld>;
}

/** A network that answers probes and requests as the functions say, and the neighbors that the kernel knows. */
function network({
  probe = () => said(0),
  request = () => said(1),
  neighbors = [],
  isOurs = () => false,
}: {
  probe?: () => RunResult;
  request?: (of: string) => RunResult;
  neighbors?: object[];
  isOurs?: Question['isOurs'];
}): Network {
  const asked: string[] = [];
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const probes = new AddressProbes({
    exec: (program, args) => {
      const to = args.at(-1) ?? '';
      asked.push(`${program} ${args.includes('-D') ? '-D ' : ''}${to}`);
      if (program === 'ip') return Promise.resolve(said(0, JSON.stringify(neighbors)));
      return Promise.resolve(args.includes('-D') ? probe() : request(to));
    },
    logger: createLogger({ level: 'silent', name: 'test' }),
    changed: () => resolve(undefined),
  });
  void probes.run(stop.signal);
  const look = (): Withheld => probes.withheld({ device: 'eth0', wanted: [address], isOurs, nodes: [peer] });
  const first = look();
  return {
    asked,
    settled: async () => {
      if (first.size > 0) await promise;
      return look();
    },
  };
}

test('an address is withheld until nobody answered two probes', async () => {
  const { asked, settled } = network({});
  expect(await settled()).toEqual(new Map());
  expect(asked).toEqual([`arping -D ${address}`, `arping -D ${address}`]);
});

test('an address that somebody outside has stays withheld, with the MAC of who has it', async () => {
  const { settled } = network({ probe: () => reply(address) });
  expect(await settled()).toEqual(
    new Map([[address, `egress IP ${address} is in use outside of the cluster: ${mac} answers for it`]]),
  );
});

test('a node that answers, as one that is cut off does, withholds nothing: the kernel knows its MAC, or it is asked', async () => {
  const known = network({ probe: () => reply(address), neighbors: [{ dst: peer, lladdr: mac.toUpperCase() }] });
  expect(await known.settled()).toEqual(new Map());
  const unknown = network({ probe: () => reply(address), neighbors: [{ dst: peer }], request: reply });
  expect(await unknown.settled()).toEqual(new Map());
  expect(unknown.asked).toContain(`arping ${peer}`);
});

test("an address that is here or was the cluster's a moment ago is not asked for", async () => {
  const { asked, settled } = network({ isOurs: () => true, probe: () => reply(address) });
  expect(await settled()).toEqual(new Map());
  expect(asked).toEqual([]);
});

test('an interface without ARP has nobody who could answer; if it cannot be asked for another reason nothing is known', async () => {
  expect(await network({ probe: () => said(2, '', 'Interface "eth0" is not ARPable') }).settled()).toEqual(new Map());
  expect(await network({ probe: () => said(2, '', 'Network is down') }).settled()).toEqual(
    new Map([[address, `it is not known whether somebody has egress IP ${address}: Network is down`]]),
  );
});

test('what is not wanted any more is asked for again when it is wanted again', async () => {
  let count = 0;
  const probes = new AddressProbes({
    exec: () => Promise.resolve(((count += 1), said(0))),
    logger: createLogger({ level: 'silent', name: 'test' }),
    changed: () => undefined,
  });
  void probes.run(stop.signal);
  const question = { device: 'eth0', isOurs: () => false, nodes: [] };
  for (const wanted of [[address], [], [address]]) {
    probes.withheld({ ...question, wanted });
    await new Promise((resolve) => setTimeout(resolve, 600));
  }
  expect(count).toBe(4);
});
