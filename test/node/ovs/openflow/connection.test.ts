/** The connection to a switch, and what becomes of it when the switch does not do what it should. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyBundle } from '../../../../src/node/ovs/openflow/bundle.ts';
import { toBuffer, uint, zeros } from '../../../../src/node/ovs/openflow/bytes.ts';
import { OpenFlowConnection, type Outgoing } from '../../../../src/node/ovs/openflow/connection.ts';
import { addFlow, allFlows, flowEntry } from '../../../../src/node/ovs/openflow/entries.ts';
import {
  encodeMessage,
  hello,
  type Message,
  messageType,
  multipart,
  multipartBody,
  onf,
  Splitter,
} from '../../../../src/node/ovs/openflow/message.ts';
import { monitorFlows, tellsOfOthers } from '../../../../src/node/ovs/openflow/monitor.ts';
import { isAskedForFlows, TestSwitch } from './switch.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdn-compat-test-'));
let ovs: TestSwitch;
let opened: OpenFlowConnection[] = [];
let number = 0;
beforeEach(async () => {
  ovs = await TestSwitch.listen(join(folder, `${(number += 1)}.mgmt`));
});
afterEach(async () => {
  for (const connection of opened) connection.close();
  opened = [];
  await ovs.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function open(more: Partial<Parameters<typeof OpenFlowConnection.open>[0]> = {}): Promise<OpenFlowConnection> {
  const connection = await OpenFlowConnection.open({ path: ovs.path, ...more });
  opened.push(connection);
  return connection;
}

const flows = [1, 2, 3].map((priority) => flowEntry({ table: 1, priority, match: { proto: 'ip' }, actions: [] }));
const messages = flows.map((entry, index): Outgoing => ({
  type: messageType.flowMod,
  body: addFlow(entry),
  about: () => `flow ${index + 1}`,
}));
const askForFlows: Outgoing = {
  type: messageType.multipartRequest,
  body: multipartBody(multipart.flows, allFlows),
  about: () => 'a request for flows',
};
const send = (socket: Socket, type: number, xid: number, body = ''): void =>
  void socket.write(toBuffer(encodeMessage(type, xid, body)));
const errorBody = (type: number, code: number): string => uint(type, 2) + uint(code, 2);
const isAdding = ({ type, body }: Message): boolean =>
  type === messageType.experimenter && body.readUInt32BE(4) === 2301;
const isControl = ({ type, body }: Message, which: number): boolean =>
  type === messageType.experimenter && body.readUInt32BE(4) === 2300 && body.readUInt16BE(12) === which;

test('a bundle takes effect with its commit', async () => {
  await applyBundle(await open(), messages);
  expect([...ovs.flows.values()]).toEqual(flows);
  const controls = ovs.heard.filter(({ type }) => type === messageType.experimenter);
  expect(controls.map(({ body }) => [body.readUInt32BE(4), body.readUInt16BE(14)])).toEqual([
    [2300, 3],
    ...messages.map(() => [2301, 3]),
    [2300, 3],
  ]);
});

test('a message that is refused when it is added is named, and none takes effect', async () => {
  let added = 0;
  ovs.instead = (message, socket) => {
    if (!isAdding(message) || (added += 1) !== 2) return false;
    send(socket, messageType.error, message.xid, errorBody(4, 9));
    return true;
  };
  await expect(applyBundle(await open(), messages)).rejects.toThrow(
    'Open vSwitch refused flow 2: bad match: what a field needs is missing',
  );
  expect(ovs.flows.size).toBe(0);
  expect(ovs.heard.some((message) => isControl(message, 4))).toBe(false);
  expect(ovs.heard.some((message) => isControl(message, 6))).toBe(true);
});

/** The types of what the switch heard in order, those of experimenters in full, since so many messages. */
const heardSince = (count: number): readonly (number | string)[] =>
  ovs.heard.slice(count).map(({ type, body }) => {
    if (type !== messageType.experimenter) return type;
    return body.readUInt32BE(4) === 2301 ? 'add' : body.readUInt16BE(12) === 0 ? 'open' : 'commit';
  });
const flowNamed = (text: string): Outgoing => ({ ...messages[0]!, about: () => text });
const barrier = messageType.barrierRequest;

test('a bundle of what the switch took before, but for its numbers, takes one round', async () => {
  const connection = await open();
  await applyBundle(connection, [flowNamed('flow add table=101,ip,reg0=0x4d,nw_dst=10.0.0.1,actions=output:3')]);
  const before = ovs.heard.length;
  await applyBundle(connection, [flowNamed('flow add table=7,ip,reg0=0xff,nw_dst=10.128.0.1,actions=output:12')]);
  expect(heardSince(before)).toEqual(['open', 'add', 'commit', barrier]);
});

test('a bundle with something that the switch may refuse waits for its answers', async () => {
  const connection = await open();
  const known = flowNamed('flow add table=101,ip,actions=output:3');
  await applyBundle(connection, [known]);
  const before = ovs.heard.length;
  await applyBundle(connection, [known, flowNamed('flow add table=101,ip,actions=group:3')]);
  expect(heardSince(before)).toEqual(['open', 'add', 'add', barrier, 'commit', barrier]);
  ovs.drop();
  await connection.closed;
  const another = await open();
  const then = ovs.heard.length;
  await applyBundle(another, [known]);
  expect(heardSince(then)).toEqual(['open', 'add', barrier, 'commit', barrier]);
});

test('what was taken once and is refused now is told, and waited for from then on', async () => {
  const connection = await open();
  await applyBundle(connection, messages);
  ovs.instead = (message, socket) => {
    if (!isAdding(message)) return false;
    send(socket, messageType.error, message.xid, errorBody(5, 1));
    return true;
  };
  await expect(applyBundle(connection, messages.slice(0, 1))).rejects.toThrow(
    'Open vSwitch refused flow 1: flow refused: table full',
  );
  ovs.instead = () => false;
  const before = ovs.heard.length;
  await applyBundle(connection, messages.slice(0, 1));
  expect(heardSince(before)).toEqual(['open', 'add', barrier, 'commit', barrier]);
});

test('a message that is refused at the commit is named', async () => {
  let third = 0;
  ovs.instead = (message, socket) => {
    if (isAdding(message)) third = message.xid;
    if (!isControl(message, 4)) return false;
    send(socket, messageType.error, third, errorBody(5, 1));
    send(socket, messageType.error, message.xid, errorBody(0xffff, 2313) + uint(onf, 4));
    return true;
  };
  await expect(applyBundle(await open(), messages)).rejects.toThrow(
    'Open vSwitch refused flow 3: flow refused: table full; the commit of a bundle: bundle refused: a message failed',
  );
});

test('of many refusals the first five are told', async () => {
  ovs.instead = (message, socket) => {
    if (!isAdding(message)) return false;
    send(socket, messageType.error, message.xid, errorBody(77, 99));
    return true;
  };
  const many = Array.from({ length: 8 }, () => messages[0]!);
  await expect(applyBundle(await open(), many)).rejects.toThrow(
    /^Open vSwitch refused (flow 1: error of type 77: code 99; ){4}flow 1: error of type 77: code 99; and 3 more$/,
  );
});

test('a switch without bundles refuses them in one line', async () => {
  ovs.instead = (message, socket) => {
    if (message.type !== messageType.experimenter) return false;
    send(socket, messageType.error, message.xid, errorBody(1, 3));
    return true;
  };
  await expect(applyBundle(await open(), messages.slice(0, 1))).rejects.toThrow(
    'Open vSwitch refused opening of a bundle: bad request: bad experimenter; flow 1: bad request: bad experimenter',
  );
});

test('a switch that speaks no OpenFlow 1.3 is refused in one line', async () => {
  ovs.instead = ({ type, xid }, socket) => {
    if (type !== messageType.hello) return false;
    const message = toBuffer(hello(xid));
    message[0] = 1;
    socket.write(message);
    return true;
  };
  await expect(open()).rejects.toThrow('the switch speaks no OpenFlow 1.3, but at most version 0x01 of the protocol');
});

test('a switch that refuses the hello says why', async () => {
  ovs.instead = ({ xid }, socket) => {
    const message = toBuffer(encodeMessage(messageType.error, xid, errorBody(0, 0)));
    message[0] = 1;
    socket.write(message);
    return true;
  };
  await expect(open()).rejects.toThrow('the switch refused the connection: hello failed: no common version');
});

test('something else than a switch is told from one', async () => {
  ovs.instead = (_message, socket) => {
    socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    return true;
  };
  await expect(open({ patience: 300 })).rejects.toThrow(
    /^(what the switch sent is not OpenFlow 1.3|Open vSwitch did not)/,
  );
  ovs.instead = (_message, socket) => {
    socket.write(Buffer.alloc(16));
    return true;
  };
  await expect(open()).rejects.toThrow('what the switch sent is not OpenFlow 1.3');
});

test('nobody there is one line', async () => {
  await expect(OpenFlowConnection.open({ path: join(folder, 'nobody.mgmt') })).rejects.toThrow(/ENOENT/);
});

test.each(['a reply that never comes', 'half a reply', 'an end in the middle'])(
  '%s ends the connection and every request that waits',
  async (what) => {
    const connection = await open({ patience: 300 });
    ovs.instead = (message, socket) => {
      if (what === 'an end in the middle') socket.destroy();
      else if (what === 'half a reply' && isAskedForFlows(message))
        socket.write(toBuffer(encodeMessage(messageType.multipartReply, message.xid, zeros(40))).subarray(0, 30));
      return true;
    };
    const requests = [connection.request([askForFlows]), connection.request([])];
    const results = await Promise.allSettled(requests);
    const reason = what === 'an end in the middle' ? 'ended the OpenFlow connection' : 'did not answer within 0.3 s';
    for (const result of results) expect(String(result.status === 'rejected' && result.reason)).toContain(reason);
    expect(String(await connection.closed)).toContain(reason);
    await expect(connection.request([])).rejects.toThrow(reason);
  },
);

test('an answer whose last part is missing is no answer', async () => {
  const connection = await open();
  ovs.instead = (message, socket) => {
    if (!isAskedForFlows(message)) return false;
    send(socket, messageType.multipartReply, message.xid, uint(1, 2) + uint(1, 2) + zeros(4));
    return true;
  };
  await expect(connection.request([askForFlows])).rejects.toThrow('only a part of the answer to a request for flows');
});

test('an answer in parts is whole', async () => {
  const connection = await open();
  ovs.instead = (message, socket) => {
    if (!isAskedForFlows(message)) return false;
    send(socket, messageType.multipartReply, message.xid, uint(1, 2) + uint(1, 2) + zeros(4) + 'one');
    send(socket, messageType.multipartReply, message.xid, uint(1, 2) + uint(0, 2) + zeros(4) + 'two');
    return true;
  };
  const { parts } = await connection.request([askForFlows]);
  expect(parts.map(String)).toEqual(['one', 'two']);
});

test('requests at the same time get their own answers', async () => {
  const connection = await open();
  ovs.instead = (message, socket) => {
    if (message.type === messageType.barrierRequest || !isAskedForFlows(message)) return false;
    send(socket, messageType.error, message.xid, errorBody(1, 5));
    return true;
  };
  const [refused, fine] = await Promise.all([connection.request([askForFlows]), connection.request([])]);
  expect([refused.errors, fine.errors]).toEqual([['a request for flows: bad request: no permission'], []]);
});

test('an echo is answered with what it holds', async () => {
  await open();
  ovs.say(encodeMessage(messageType.echoRequest, 77, 'hello there'));
  const answer = await found(() => ovs.heard.find(({ type }) => type === messageType.echoReply));
  expect([answer.xid, answer.body.toString()]).toEqual([77, 'hello there']);
});

test('a message that is too long for OpenFlow is refused, and nothing is sent', async () => {
  const connection = await open();
  const before = ovs.heard.length;
  const long: Outgoing = { type: messageType.flowMod, body: zeros(65_530), about: () => 'a long flow' };
  await expect(applyBundle(connection, [...messages, long])).rejects.toThrow(
    /^a long flow: a message of 655\d\d bytes; OpenFlow has at most 65535$/,
  );
  await applyBundle(connection, messages);
  expect(ovs.heard.slice(before).filter(isAdding)).toHaveLength(messages.length);
});

test('changes of others are told from our own', async () => {
  const told: Message[] = [];
  const connection = await open({ onMessage: (message) => told.push(message) });
  expect(await monitorFlows(connection)).toBeUndefined();
  const update = (...events: number[]): string =>
    [uint(0xffff, 2), zeros(6), uint(onf, 4), uint(1870, 4)].join('') +
    events
      .map((event) => (event === 3 ? uint(8, 2) + uint(3, 2) + zeros(4) : uint(32, 2) + uint(event, 2) + zeros(28)))
      .join('');
  const say = async (type: number, body: string): Promise<boolean> => {
    const before = told.length;
    ovs.say(encodeMessage(type, 0, body));
    return tellsOfOthers(await found(() => told[before]));
  };
  expect(await say(messageType.multipartReply, update(3))).toBe(false);
  expect(await say(messageType.multipartReply, update(3, 0))).toBe(true);
  expect(await say(messageType.multipartReply, update(1))).toBe(true);
  expect(await say(messageType.multipartReply, update(2))).toBe(true);
  expect(await say(messageType.experimenter, uint(onf, 4) + uint(1871, 4))).toBe(true); // a pause
  expect(await say(messageType.experimenter, uint(onf, 4) + uint(2300, 4))).toBe(false);
  expect(await say(10, zeros(20))).toBe(false); // a packet for a controller
});

test('a switch without flow monitoring says so, and stays connected', async () => {
  ovs.instead = (message, socket) => {
    if (message.type !== messageType.multipartRequest) return false;
    send(socket, messageType.error, message.xid, errorBody(1, 2));
    return true;
  };
  const connection = await open();
  expect(await monitorFlows(connection)).toBe('flow monitoring: bad request: bad multipart type');
  expect((await connection.request([])).errors).toEqual([]);
});

test('a stream is cut into the same messages wherever its chunks end', () => {
  const bytes = toBuffer([hello(1), encodeMessage(20, 2), encodeMessage(4, 3, zeros(40))].join(''));
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const splitter = new Splitter();
    const got = [...splitter.add(bytes.subarray(0, cut)), ...splitter.add(bytes.subarray(cut))];
    expect(got.map(({ type, xid, body }) => [type, xid, body.length])).toEqual([
      [0, 1, 8],
      [20, 2, 0],
      [4, 3, 40],
    ]);
  }
});

async function found<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const value = find();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
