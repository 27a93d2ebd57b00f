/**
 * A switch for tests that speaks as much OpenFlow 1.3 as the agent does, and, where it is told so, wrongly. Real ones
 * are in test/e2e.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { padded, toBuffer, uint, zeros } from '../../../../src/node/ovs/openflow/bytes.ts';
import { allFlows, type FlowEntry, type GroupEntry } from '../../../../src/node/ovs/openflow/entries.ts';
import {
  encodeMessage,
  type Message,
  messageType,
  multipart,
  onf,
  Splitter,
} from '../../../../src/node/ovs/openflow/message.ts';

/** What a switch tells of flows, without the header of the message. */
export function statsPart(flows: Iterable<FlowEntry & { readonly packets?: number }>): Buffer {
  const parts = [...flows].map(({ key, body, packets = 0 }) => {
    const match = key.slice(3);
    const rest = [
      ...[key[0]!, zeros(1), zeros(8), key.slice(1, 3), body.slice(0, 6), zeros(4), body.slice(6, 14)],
      ...[uint(0, 4) + uint(packets, 4), zeros(8), padded(uint(1, 2) + uint(4 + match.length, 2) + match)],
      body.slice(14),
    ].join('');
    return uint(2 + rest.length, 2) + rest;
  });
  return toBuffer(parts.join(''));
}

export function groupsPart(groups: Iterable<GroupEntry>): Buffer {
  const parts = [...groups].map(({ id, body }) => {
    return uint(7 + body.length, 2) + body[0]! + zeros(1) + uint(id, 4) + body.slice(1);
  });
  return toBuffer(parts.join(''));
}

/** What a switch tells of meters, whose bodies are those of messages without the command. */
export function metersPart(meters: Iterable<string>): Buffer {
  return toBuffer([...meters].map((body) => uint(2 + body.length, 2) + body).join(''));
}

/** What the switch does with a message instead of what it should; undefined: that. */
type Instead = (message: Message, socket: Socket) => boolean;

export class TestSwitch {
  readonly path: string;
  readonly flows = new Map<string, FlowEntry & { packets?: number }>();
  readonly groups = new Map<number, GroupEntry>();
  /** The bodies of meters by number, as messages have them; undefined: the switch knows no meters. */
  meters: Map<number, string> | undefined = new Map();
  /** All messages that came, by type. */
  readonly heard: Message[] = [];
  instead: Instead = () => false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async listen(path: string): Promise<TestSwitch> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return new TestSwitch(path, server);
  }

  /** Ends all connections, as a switch does that ends. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Says something to everybody who is connected. */
  say(bytes: string): void {
    for (const socket of this.#sockets) socket.write(toBuffer(bytes));
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    const splitter = new Splitter();
    const bundle: Message[] = [];
    socket.on('data', (chunk: Buffer) => {
      for (const message of splitter.add(chunk)) {
        this.heard.push(message);
        if (!this.instead(message, socket)) this.#answer(message, socket, bundle);
      }
    });
  }

  #answer({ type, xid, body }: Message, socket: Socket, bundle: Message[]): void {
    const send = (kind: number, rest = ''): void => void socket.write(toBuffer(encodeMessage(kind, xid, rest)));
    const part = (kind: number, rest: Buffer): void =>
      send(messageType.multipartReply, uint(kind, 2) + zeros(6) + rest.toString('latin1'));
    if (type === messageType.hello) send(messageType.hello);
    else if (type === messageType.barrierRequest) send(messageType.barrierReply);
    else if (type === messageType.multipartRequest) {
      const kind = body.readUInt16BE(0);
      if (kind === multipart.flows) part(kind, statsPart(this.flows.values()));
      else if (kind === multipart.groups) part(kind, groupsPart(this.groups.values()));
      else if (kind === multipart.meters || kind === multipart.meterFeatures) this.#tellOfMeters(kind, { send, part });
      else part(kind, toBuffer(uint(onf, 4) + uint(1870, 4)));
    } else if (type === messageType.experimenter) this.#bundled(body, bundle, send);
    else if (type === messageType.meterMod) this.#changeMeter(body);
  }

  #tellOfMeters(
    kind: number,
    to: { send: (kind: number, rest: string) => void; part: (kind: number, rest: Buffer) => void },
  ): void {
    if (this.meters === undefined) to.send(messageType.error, uint(1, 2) + uint(2, 2));
    else if (kind === multipart.meters) to.part(kind, metersPart(this.meters.values()));
    else to.part(kind, toBuffer(uint(100, 4) + uint(2, 4) + uint(0xf, 4) + zeros(4)));
  }

  #changeMeter(body: Buffer): void {
    const id = body.readUInt32BE(4);
    if (body.readUInt16BE(0) === 2) this.meters?.delete(id);
    else this.meters?.set(id, body.toString('latin1', 2));
  }

  #bundled(body: Buffer, bundle: Message[], send: (kind: number, rest?: string) => void): void {
    if (body.readUInt32BE(4) === 2301) {
      bundle.push(...new Splitter().add(body.subarray(16)));
      return;
    }
    const control = body.readUInt16BE(12);
    if (control === 4) for (const message of bundle) this.#change(message);
    if (control === 4 || control === 6) bundle.length = 0;
    send(messageType.experimenter, body.toString('latin1'));
  }

  #change({ type, body }: Message): void {
    if (type === messageType.groupMod) {
      const id = body.readUInt32BE(4);
      if (body.readUInt16BE(0) === 2) this.groups.delete(id);
      else this.groups.set(id, { id, body: body.toString('latin1', 2, 3) + body.toString('latin1', 8) });
      return;
    }
    const { key, entry } = flowAsked(body);
    if (entry === undefined) this.flows.delete(key);
    else this.flows.set(key, entry);
  }
}

function flowAsked(body: Buffer): { readonly key: string; readonly entry: FlowEntry | undefined } {
  const text = (from: number, to?: number): string => body.toString('latin1', from, to);
  const matchLength = body.readUInt16BE(42);
  const key = text(16, 17) + text(22, 24) + text(44, 40 + matchLength);
  const rest = 40 + Math.ceil(matchLength / 8) * 8;
  const isDeleted = body.readUInt8(17) === 4;
  return { key, entry: isDeleted ? undefined : { key, body: text(18, 22) + text(36, 38) + text(0, 8) + text(rest) } };
}

export const isAskedForFlows = ({ type, body }: Message): boolean =>
  type === messageType.multipartRequest && body.subarray(8).equals(toBuffer(allFlows));
