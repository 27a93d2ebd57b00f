/** Who may keep an egress IP from an interface of this node: somebody outside who answers for it, and nobody else. */
import { createLogger } from '../../../src/io/log.ts';
import type { RunResult } from '../../../src/io/programs/exec.ts';
import { AddressProbes, type Holder, type Question, type Withheld } from '../../../src/node/links/probe.ts';
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
  isHere = () => false,
  holder,
  carried,
}: {
  probe?: () => RunResult;
  request?: (of: string) => RunResult;
  neighbors?: object[];
  isHere?: Question['isHere'];
  holder?: Holder;
  /** What the holder's agent says. */
  carried?: boolean;
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
    carriedBy: (node) => {
      asked.push(`verdict of ${node}`);
      return Promise.resolve(carried);
    },
  });
  void probes.run(stop.signal);
  const look = (): Withheld => probes.withheld({ device: 'eth0', wanted: [address], isHere, holderOf: () => holder });
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
    new Map([[address, `egress IP ${address} is in use by another machine: ${mac} answers for it`]]),
  );
});

test('what this node gave up a moment ago comes back at once; what it never had, or long ago, is asked for', async () => {
  const now = import.meta.jest.spyOn(performance, 'now').mockReturnValue(0);
  const asked: string[] = [];
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const probes = new AddressProbes({
    exec: (_, args) => {
      asked.push(args.at(-1) ?? '');
      return Promise.resolve(args.at(-1) === peer ? reply(peer) : said(0));
    },
    logger: createLogger({ level: 'silent', name: 'test' }),
    changed: () => resolve(undefined),
    carriedBy: () => Promise.resolve(undefined),
  });
  const look = (...wanted: (typeof address)[]): Withheld =>
    probes.withheld({ device: 'eth0', wanted, isHere: (one) => one === address, holderOf: () => undefined });
  expect(look(address)).toEqual(new Map());
  look();
  now.mockReturnValue(59_999);
  const isGone = { device: 'eth0', wanted: [address, peer], isHere: () => false, holderOf: () => undefined };
  expect([...probes.withheld(isGone).keys()]).toEqual([peer]);
  void probes.run(stop.signal);
  await promise;
  look();
  // somebody answers for it
  expect([...probes.withheld(isGone).keys()]).toEqual([peer]);
  look();
  now.mockReturnValue(120_000);
  expect([...probes.withheld(isGone).keys()]).toEqual([address, peer]);
  now.mockRestore();
  while (!asked.includes(address)) await new Promise((next) => setImmediate(next));
});

describe('an address that another node has', () => {
  const holder = { name: 'n2', nodeIP: peer };
  const isAnswered = { probe: () => reply(address) };
  const neighbors = [{ dst: peer, lladdr: mac.toUpperCase() }];
  const refusal = new Map([[address, `egress IP ${address} is in use by another machine: ${mac} answers for it`]]);

  it('and carries, moves here without a question to the network', async () => {
    const { asked, settled } = network({ ...isAnswered, holder, carried: true });
    expect(await settled()).toEqual(new Map());
    expect(asked).toEqual(['verdict of n2']);
  });

  it('and refuses, is asked for: whoever answers has it, also that node by an address of its own', async () => {
    expect(await network({ ...isAnswered, holder, carried: false, neighbors }).settled()).toEqual(refusal);
    expect(await network({ holder, carried: false }).settled()).toEqual(new Map());
  });

  it('and of which it says nothing, is asked for: that node may answer, as one that is cut off does, and nobody else', async () => {
    expect(await network({ ...isAnswered, holder, neighbors }).settled()).toEqual(new Map());
    const unknown = network({ ...isAnswered, holder, neighbors: [{ dst: peer }], request: reply });
    expect(await unknown.settled()).toEqual(new Map());
    expect(unknown.asked).toContain(`arping ${peer}`);
    const other = [{ dst: peer, lladdr: '52:54:00:a8:07:99' }];
    expect(await network({ ...isAnswered, holder, neighbors: other }).settled()).toEqual(refusal);
    expect(await network({ ...isAnswered, holder: { name: 'n2', nodeIP: undefined } }).settled()).toEqual(refusal);
  });

  it('by an address of its own, and does not list, as a virtual IP of a load balancer, does not come here', async () => {
    expect(await network({ ...isAnswered, neighbors }).settled()).toEqual(refusal);
  });
});

test('an address that is here is not asked for', async () => {
  const { asked, settled } = network({ isHere: () => true, probe: () => reply(address) });
  expect(await settled()).toEqual(new Map());
  expect(asked).toEqual([]);
});

test('an interface without ARP has nobody who could answer; if it cannot be asked for another reason nothing is known', async () => {
  expect(await network({ probe: () => said(2, '', 'Interface "eth0" is not ARPable') }).settled()).toEqual(new Map());
  expect(await network({ probe: () => said(2, '', 'Network is down') }).settled()).toEqual(
    new Map([[address, `it is not known whether somebody has egress IP ${address}: Network is down`]]),
  );
});
