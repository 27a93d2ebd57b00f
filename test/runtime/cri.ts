/** A client of the Container Runtime Interface, version 1, over a runtime's unix socket: gRPC with HTTP/2. */
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { decode, type Decoded, encode, map, type Message, messagesAt, textAt } from './protobuf.ts';

export interface Sandbox {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** How many sandboxes of the pod failed before. */
  readonly attempt?: number;
  readonly hostPorts?: Readonly<Record<number, number>>;
}

/** The runtime's answer that it could not do it, with its own words. */
export class CriError extends Error {}

/** The numbers of fields are those of the CRI's PodSandboxConfig. */
function configOf({ namespace, name, uid, attempt = 0, hostPorts = {} }: Sandbox): Message {
  const ports = Object.entries(hostPorts).map(([host, container]) => ({ 2: container, 3: Number(host) }));
  return { 1: { 1: name, 2: uid, 3: namespace, 4: attempt }, 2: name, 5: ports, 6: map({ app: name }), 8: {} };
}

export class Cri {
  readonly #session: ClientHttp2Session;

  constructor(socket: string) {
    this.#session = connect('http://localhost', { createConnection: () => connectSocket(socket) });
    this.#session.on('error', () => undefined); // each call reports it
  }

  close(): void {
    this.#session.destroy();
  }

  /** Calls a method of the RuntimeService. */
  call(method: string, message: Message): Promise<Decoded> {
    return new Promise((resolve, reject) => {
      const stream = this.#session.request({
        ':method': 'POST',
        ':path': `/runtime.v1.RuntimeService/${method}`,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      const chunks: Buffer[] = [];
      let status: string | undefined;
      let said = '';
      const read = (headers: object): void => {
        const found = new Map(Object.entries(headers));
        status ??= found.get('grpc-status') as string | undefined;
        said ||= decodeURIComponent(String(found.get('grpc-message') ?? ''));
      };
      stream.on('response', read);
      stream.on('trailers', read);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('close', () => {
        if (status === '0') resolve(decode(Buffer.concat(chunks).subarray(5)));
        else reject(new CriError(said || `${method}: no answer`));
      });
      const body = encode(message);
      const length = Buffer.alloc(5);
      length.writeUInt32BE(body.length, 1);
      stream.end(Buffer.concat([length, body]));
    });
  }

  /** Makes a pod's sandbox, for which the runtime calls ADD; returns its id. */
  async run(sandbox: Sandbox): Promise<string> {
    return textAt(await this.call('RunPodSandbox', { 1: configOf(sandbox) }), 1);
  }

  /** Ends what runs in a sandbox, for which the runtime calls DEL, and removes it. */
  async remove(id: string): Promise<void> {
    await this.call('StopPodSandbox', { 1: id });
    await this.call('RemovePodSandbox', { 1: id });
  }

  /** The ids of all sandboxes. */
  async sandboxes(): Promise<readonly string[]> {
    return messagesAt(await this.call('ListPodSandbox', {}), 1).map((one) => textAt(one, 1));
  }

  /** The address that the runtime reports for a sandbox. */
  async ip(id: string): Promise<string> {
    return textAt(await this.call('PodSandboxStatus', { 1: id }), 1, 5, 1);
  }

  /** Starts a container in a sandbox. */
  async start(id: string, sandbox: Sandbox, image: string, args: readonly string[]): Promise<void> {
    const config = { 1: { 1: 'main' }, 2: { 1: image }, 3: args, 15: {} };
    const made = await this.call('CreateContainer', { 1: id, 2: config, 3: configOf(sandbox) });
    await this.call('StartContainer', { 1: textAt(made, 1) });
  }

  /** Whether the runtime's network is ready, by its own status. */
  async isNetworkReady(): Promise<boolean> {
    const [status] = messagesAt(await this.call('Status', {}), 1);
    const conditions = status === undefined ? [] : messagesAt(status, 1);
    return conditions.some((one) => textAt(one, 1) === 'NetworkReady' && one.get(2)?.[0] === 1);
  }
}
