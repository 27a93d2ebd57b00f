/** Multicast by packets: in a VNID that has the annotation, on its node and across nodes, and nowhere else. */
import { type ChildProcess, spawn } from 'node:child_process';
import { namespaceOf, TestLab, until } from './lab.ts';

const pods = {
  'red/a': 'worker0',
  'red/b': 'worker0',
  'red/c': 'worker1',
  'blue/d': 'worker0',
  'blue/e': 'worker1',
} as const;
type Key = keyof typeof pods;
const keys = Object.keys(pods) as Key[];
const annotation = 'netnamespace.network.openshift.io/multicast-enabled';
const group = '239.1.2.3';

/** Prints each word that comes to the group, and sends each line of standard input to it, twice. */
const member = String.raw`
const socket = require('dgram').createSocket({ type: 'udp4', reuseAddr: true });
socket.on('message', (word) => console.log(word.toString())).bind(5000, () => {
  socket.addMembership('${group}');
  socket.setMulticastTTL(4);
  socket.setMulticastLoopback(false);
  console.log('ready');
});
require('readline').createInterface({ input: process.stdin }).on('line', (word) => { socket.send(word, 5000, '${group}'); socket.send(word, 5000, '${group}'); }).on('close', () => process.exit(0));
`;

let lab: TestLab;
let counter = 0;
const members = new Map<Key, ChildProcess>();
const heard = new Map<Key, string[]>();

/** How often each pod heard a word that was sent twice, as `pod*times`. */
async function hearers(from: Key): Promise<string> {
  counter += 1;
  const word = `word-${counter}`;
  members.get(from)!.stdin!.write(`${word}\n`);
  await new Promise((resolve) => setTimeout(resolve, 250));
  const counts = keys.map((key) => [key, heard.get(key)!.filter((one) => one === word).length] as const);
  return counts
    .filter(([, count]) => count > 0)
    .map(([key, count]) => `${key}*${count}`)
    .join(' ');
}

async function expectHearers(wanted: Readonly<Partial<Record<Key, string>>>): Promise<void> {
  for (const from of keys) {
    let last = '';
    await until('the right pods hear it', async () => (last = await hearers(from)) === (wanted[from] ?? ''), 30).catch(
      () => expect(`${from}: ${last}`).toBe(`${from}: ${wanted[from] ?? ''}`),
    );
  }
}

const enable = (namespace: string, text: string): Promise<string> =>
  lab.must(['annotate', '--overwrite', 'netnamespace', namespace, `${annotation}${text}`]);

beforeAll(async () => {
  lab = await TestLab.up('--nodes', '2');
  await Promise.all(['red', 'blue'].map((name) => lab.namespace(name)));
  await lab.pods(...Object.entries(pods));
  for (const key of keys) {
    const child = spawn('ip', ['netns', 'exec', namespaceOf(lab, key), process.execPath, '-e', member], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const words: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => words.push(...chunk.toString().split('\n').filter(Boolean)));
    members.set(key, child);
    heard.set(key, words);
    await until(`${key} listens`, () => words.includes('ready'));
  }
});

afterAll(async () => {
  for (const child of members.values()) child.stdin!.end();
  await lab.down();
});

test('nobody hears anything without the annotation, nor with another value', async () => {
  await expectHearers({});
  for (const value of ['=True', '=yes', '=1', '=']) {
    await enable('red', value);
    await expectHearers({});
  }
});

const inRed = { 'red/a': 'red/b*2 red/c*2', 'red/b': 'red/a*2 red/c*2', 'red/c': 'red/a*2 red/b*2' } as const;
const inBlue = { 'blue/d': 'blue/e*2', 'blue/e': 'blue/d*2' } as const;

test('with "true" each other pod of the VNID hears it once, here and on other nodes', async () => {
  await enable('red', '=true');
  await expectHearers(inRed);
});

test('two VNIDs with multicast do not hear one another; without the annotation it is silent again', async () => {
  await enable('blue', '=true');
  await expectHearers({ ...inRed, ...inBlue });
  await enable('red', '-');
  await expectHearers(inBlue);
  await enable('blue', '-');
  await expectHearers({});
});

test('a VNID that two namespaces share has it when both have the annotation', async () => {
  const netid = await lab.must(['get', 'netnamespace', 'red', '-o', 'jsonpath={.netid}']);
  await lab.patch('netnamespace', 'blue', { netid: Number(netid) });
  await enable('red', '=true');
  await expectHearers({});
  await enable('blue', '=true');
  await expectHearers(
    Object.fromEntries(
      keys.map((from) => [
        from,
        keys
          .filter((key) => key !== from)
          .map((key) => `${key}*2`)
          .join(' '),
      ]),
    ),
  );
  await enable('red', '-');
  await expectHearers({});
});
