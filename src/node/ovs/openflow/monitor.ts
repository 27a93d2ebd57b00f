/**
 * What a switch tells of changes of its flows (Open vSwitch's flow monitoring, in OpenFlow 1.3 since version 2.16). It
 * tells of this connection's own changes in short, without the flow.
 */
import { type ByteString, uint, zeros } from './bytes.ts';
import type { OpenFlowConnection } from './connection.ts';
import { type Message, messageType, multipart, multipartBody, onf, readPart } from './message.ts';

const monitoring = 1870;
/** Additions, deletions, changes; with instructions. */
const flags = 0b1_1110;
const anyPort = 0xffffffff;
const allTables = 0xff;
const everything: ByteString = uint(1, 2) + uint(4, 2) + zeros(4);
const request: ByteString = [
  ...[uint(onf, 4), uint(monitoring, 4)],
  ...[uint(0, 4), uint(flags, 2), uint(4, 2), uint(anyPort, 4), uint(allTables, 1), zeros(3), everything],
].join('');

/** Starts it; returns the reason if the switch cannot. */
export async function monitorFlows(connection: OpenFlowConnection): Promise<string | undefined> {
  const body = multipartBody(multipart.experimenter, request);
  const { errors } = await connection.request([
    { type: messageType.multipartRequest, body, about: () => 'flow monitoring' },
  ]);
  return errors[0];
}

/** A change of this connection's own. */
const abbreviated = 3;

/**
 * Whether a message that answers nothing tells of a change that another connection made, or that such may not be told
 * for a while. Throws RangeError if it ends too early.
 */
export function tellsOfOthers(message: Message): boolean {
  if (message.type === messageType.experimenter) return isMonitoring(message.body);
  if (message.type !== messageType.multipartReply) return false;
  const { kind, rest } = readPart(message.body);
  if (kind !== multipart.experimenter || !isMonitoring(rest)) return false;
  for (let at = 8; at < rest.length;) {
    const [length, event] = [rest.readUInt16BE(at), rest.readUInt16BE(at + 2)];
    if (event !== abbreviated) return true;
    if (length < 8) throw new RangeError('an update of flows that ends too early');
    at += length;
  }
  return false;
}

/** Monitoring, and its pause and its end, which have the next two numbers. */
function isMonitoring(body: Buffer): boolean {
  const type = body.readUInt32BE(4);
  return body.readUInt32BE(0) === onf && type >= monitoring && type <= monitoring + 2;
}
