/**
 * A kept connection to the management socket of a bridge, in OpenFlow 1.3. Whatever is wrong with what comes ends the
 * connection, and with it every request that waits.
 */
import { connect, type Socket } from 'node:net';
import { messageOf } from '../../../model/values/message-of.ts';
import { type ByteString, toBuffer } from './bytes.ts';
import { errorText } from './errors.ts';
import {
  encodeMessage,
  hello,
  type Message,
  messageType,
  readPart,
  Splitter,
  version,
  versionName,
} from './message.ts';

/** Milliseconds that a switch may take for an answer. */
const patience = 30_000;

/** A message to a switch. */
export interface Outgoing {
  readonly type: number;
  /** Its body, which may hold the number of its transaction. */
  readonly body: ByteString | ((xid: number) => ByteString);
  /** What it is about, for errors. */
  readonly about: () => string;
}

/** What came for the messages of a request. */
export interface Answer {
  /** The parts of the answers to multipart requests, without their headers. */
  readonly parts: readonly Buffer[];
  /** What the switch refused, and why. */
  readonly errors: readonly string[];
  /** The messages by their transactions. */
  readonly sent: ReadonlyMap<number, Outgoing>;
}

interface Part {
  readonly xid: number;
  readonly isLast: boolean;
  readonly rest: Buffer;
}

function bytesOf({ type, body, about }: Outgoing, xid: number): ByteString {
  try {
    return encodeMessage(type, xid, typeof body === 'string' ? body : body(xid));
  } catch (error) {
    throw new Error(`${about()}: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether a multipart request has no last part of its answer. */
function isCut([xid, { type }]: readonly [number, Outgoing], parts: readonly Part[]): boolean {
  return type === messageType.multipartRequest && !parts.some((part) => part.xid === xid && part.isLast);
}

interface Waiting {
  readonly about: ReadonlyMap<number, Outgoing>;
  readonly parts: Part[];
  readonly errors: string[];
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

export interface ConnectionOptions {
  /** Of the bridge's management socket. */
  readonly path: string;
  /** Gets messages that answer nothing. */
  readonly onMessage?: (message: Message) => void;
  /** Milliseconds that a switch may take for an answer. */
  readonly patience?: number;
}

export class OpenFlowConnection {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #splitter = new Splitter();
  /** By the transaction of the barrier that ends each request. */
  readonly #requests = new Map<number, Waiting>();
  /** By the transaction of each message. */
  readonly #byXid = new Map<number, Waiting>();
  readonly #greeted = Promise.withResolvers<undefined>();
  readonly #closed = Promise.withResolvers<Error>();
  #xid = 0;
  #isGreeted = false;
  #failure: Error | undefined;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = connect(options.path);
    this.#greeted.promise.catch(() => undefined);
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('Open vSwitch ended the OpenFlow connection')));
  }

  /** Connects and says hello; rejects in one line if nobody answers, or not in OpenFlow 1.3. */
  static async open(options: ConnectionOptions): Promise<OpenFlowConnection> {
    const connection = new OpenFlowConnection(options);
    connection.#socket.write(toBuffer(hello(0)));
    const timer = connection.#startTimer();
    await connection.#greeted.promise.finally(() => clearTimeout(timer));
    return connection;
  }

  /** Resolves with the reason when the connection has ended. */
  get closed(): Promise<Error> {
    return this.#closed.promise;
  }

  /** Ends the connection. */
  close(): void {
    this.#fail(new Error('the agent ends'));
  }

  /**
   * Sends messages and then a barrier, whose answer means that all before it were worked on. Rejects if the connection
   * ends before that, and if a message is too long for OpenFlow; then none is sent. `earlier` are messages of requests
   * before this, of which the switch may only now say that it refuses them.
   */
  async request(messages: readonly Outgoing[], earlier: Answer['sent'] = new Map()): Promise<Answer> {
    if (this.#failure !== undefined) throw this.#failure;
    const sent = new Map(messages.map((message) => [this.#nextXid(), message]));
    const last = this.#nextXid();
    const bytes = [...sent].map(([xid, message]) => bytesOf(message, xid));
    bytes.push(encodeMessage(messageType.barrierRequest, last));
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const [parts, errors]: [Part[], string[]] = [[], []];
    const about = new Map([...earlier, ...sent]);
    const waiting: Waiting = { about, parts, errors, done: () => resolve(undefined), failed: reject };
    this.#requests.set(last, waiting);
    for (const xid of about.keys()) this.#byXid.set(xid, waiting);
    this.#socket.write(toBuffer(bytes.join('')));
    const timer = this.#startTimer();
    await promise.finally(() => {
      clearTimeout(timer);
      this.#requests.delete(last);
      for (const xid of about.keys()) this.#byXid.delete(xid);
    });
    const missing = errors.length > 0 ? undefined : [...sent].find((one) => isCut(one, parts))?.[1];
    if (missing !== undefined) throw new Error(`only a part of the answer to ${missing.about()} came`);
    return { parts: parts.map(({ rest }) => rest), errors, sent };
  }

  #nextXid(): number {
    this.#xid = (this.#xid + 1) % 2 ** 32;
    return this.#xid;
  }

  #startTimer(): NodeJS.Timeout {
    const limit = this.#options.patience ?? patience;
    return setTimeout(() => this.#fail(new Error(`Open vSwitch did not answer within ${limit / 1_000} s`)), limit);
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#socket.destroy();
    this.#greeted.reject(error);
    for (const { failed } of this.#requests.values()) failed(error);
    this.#closed.resolve(error);
  }

  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#splitter.add(chunk)) this.#take(message);
    } catch (error) {
      this.#fail(new Error(`what the switch sent is not ${versionName}`, { cause: error }));
    }
  }

  #take(message: Message): void {
    const { type, xid, body } = message;
    if (this.#failure !== undefined) return;
    if (type === messageType.hello) this.#greet(message);
    else if (type === messageType.error && !this.#isGreeted) this.#refusedHello(body);
    else if (message.version !== version) throw new Error(`version ${message.version}`);
    else if (type === messageType.echoRequest)
      this.#socket.write(toBuffer(encodeMessage(messageType.echoReply, xid, body.toString('latin1'))));
    else if (type === messageType.barrierReply) this.#requests.get(xid)?.done();
    else this.#collect(message);
  }

  /** A switch that speaks a later version also speaks this one, unless its error says otherwise. */
  #greet({ version: theirs }: Message): void {
    if (theirs >= version) this.#greeted.resolve(undefined);
    else this.#fail(new Error(`the switch speaks no ${versionName}, but at most version 0x0${theirs} of the protocol`));
    this.#isGreeted = true;
  }

  #refusedHello(body: Buffer): void {
    this.#fail(new Error(`the switch refused the connection: ${errorText(body)}`));
  }

  #collect(message: Message): void {
    const { type, xid, body } = message;
    const waiting = this.#byXid.get(xid);
    if (waiting === undefined) this.#options.onMessage?.(message);
    else if (type === messageType.error)
      waiting.errors.push(`${waiting.about.get(xid)?.about() ?? ''}: ${errorText(body)}`);
    else if (type === messageType.multipartReply) waiting.parts.push({ xid, ...readPart(body) });
  }
}
