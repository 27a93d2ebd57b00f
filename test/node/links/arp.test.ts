/** When egress IPs are announced, and what is said of a machine that answers for one, too. */
import { createLogger } from '../../../src/io/log.ts';
import { Announcer } from '../../../src/node/links/arp.ts';
import { ip } from '../states.ts';

const address = ip('192.168.7.200');
const mac = '52:54:00:A8:07:0C';

interface Network {
  readonly announcer: Announcer;
  readonly did: string[];
  /** Resolves when it has waited so often. */
  readonly waited: (times: number) => Promise<void>;
}

/** An announcer on a network where another machine answers as often as `answers` says; what it did, in order. */
function network(answers: number): Network {
  const did: string[] = [];
  let left = answers;
  let waits = 0;
  const announcer = new Announcer({
    exec: (_program, args) => {
      const kind = args.find((arg) => ['-U', '-A', '-D'].includes(arg)) ?? '';
      did.push(kind);
      const isAnswered = kind === '-D' && left-- > 0;
      return Promise.resolve({
        status: isAnswered ? 1 : 0,
        stdout: isAnswered ? `Unicast reply from ${address} [${mac}]  0.6ms\n` : '',
        stderr: '',
      });
    },
    logger: createLogger({ level: 'silent', name: 'test' }),
    signal: new AbortController().signal,
    wait: async (milliseconds) => {
      did.push(`${milliseconds} ms`);
      waits += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    },
    onRival: (of, by) => did.push(`${of} ${by ?? 'nobody'}`),
  });
  const waited = async (times: number): Promise<void> => {
    while (waits < times) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return { announcer, did, waited };
}

const calm = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
/** Waits until so much was done, and then whether more is. */
async function until(did: readonly string[], count: number): Promise<void> {
  while (did.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  await calm();
}
const first = ['2000 ms', '-U', '-A'];
const round = ['-U', '-A', '-D'];

test('it is told twice, and asked for once, when nobody else answers', async () => {
  const { announcer, did } = network(0);
  announcer.add('eth0', address);
  await until(did, 6);
  expect(did).toEqual([...first, ...round]);
});

test('while another machine answers it is told again every ten seconds, and said once with the MAC and once that it is over', async () => {
  const { announcer, did } = network(3);
  announcer.add('eth0', address);
  await until(did, 20);
  expect(did).toEqual([
    ...first,
    ...round,
    `${address} ${mac.toLowerCase()}`,
    '10000 ms',
    ...round,
    '10000 ms',
    ...round,
    '10000 ms',
    ...round,
    `${address} nobody`,
  ]);
});

test('an address that was given up is announced no more', async () => {
  const { announcer, did, waited } = network(100);
  announcer.add('eth0', address);
  await waited(3);
  announcer.remove(address);
  const before = did.length;
  await until(did, before + 1);
  expect(did.slice(before)).toEqual([`${address} nobody`]);
});
