/** Messages that take effect together or not at all (ONF extension 230, the bundles of OpenFlow 1.4). */
import { memoized } from '../../values/memo.ts';
import { type ByteString, uint, zeros } from './bytes.ts';
import type { OpenFlowConnection, Outgoing } from './connection.ts';
import { encodeMessage, messageType, onf } from './message.ts';

const bundleType = { control: 2300, add: 2301 } as const;
const control = { open: 0, commit: 4, discard: 6 } as const;
const flags = uint(0b11, 2); // atomic, ordered
/** One bundle at a time is open on a connection, and a bundle ends before its connection is used again. */
const id = uint(0, 4);

const experimenter = (type: number, body: ByteString): ByteString => uint(onf, 4) + uint(type, 4) + body;

function controlMessage(type: number, name: string): Outgoing {
  const body = experimenter(bundleType.control, id + uint(type, 2) + flags);
  return { type: messageType.experimenter, body, about: () => `${name} of a bundle` };
}

/** The message that adds another one to the bundle; both have the same transaction. */
function adding({ type, body, about }: Outgoing): Outgoing {
  const inner = (xid: number): ByteString => encodeMessage(type, xid, typeof body === 'string' ? body : body(xid));
  return {
    type: messageType.experimenter,
    body: (xid) => experimenter(bundleType.add, id + zeros(2) + flags + inner(xid)),
    about,
  };
}

/** How many refusals are told. */
const most = 5;

/** What the switch of a connection has taken into a bundle before: messages without their numbers. */
const acceptedBy = memoized<OpenFlowConnection, Set<string>>(() => new Set());

/** The most messages that are compared with what was accepted before. */
const few = 64;

/** A message about a flow or group without its numbers: addresses, ports, registers, groups. */
function shapeOf({ about }: Outgoing): string {
  return about().replace(/0x[0-9a-f]+|[0-9a-f]{2}(?::[0-9a-f]{2}){5}|\d+/g, '#');
}

/**
 * Applies the messages in their order as one atomic bundle. Rejects with what the switch refused, and why; then none
 * of them has taken effect. If the connection ends before the answer, it is unknown whether they have.
 *
 * A switch that refuses to take a message into the bundle would still commit the others, so its answers are awaited
 * before the commit. Whether it takes one does not depend on numbers (those are looked at by the commit), so the commit
 * goes with the messages if their like was taken before: that saves one round.
 */
export async function applyBundle(connection: OpenFlowConnection, messages: readonly Outgoing[]): Promise<void> {
  const accepted = acceptedBy(connection);
  const shapes = messages.length > few ? undefined : messages.map(shapeOf);
  const adds = [controlMessage(control.open, 'opening'), ...messages.map(adding)];
  const commit = controlMessage(control.commit, 'the commit');
  if (shapes?.every((shape) => accepted.has(shape)) === true) {
    const { errors } = await connection.request([...adds, commit]);
    if (errors.length === 0) return;
    accepted.clear();
    throw refused(errors);
  }
  const added = await connection.request(adds);
  if (added.errors.length > 0) {
    await connection.request([controlMessage(control.discard, 'discarding')]);
    throw refused(added.errors);
  }
  for (const shape of shapes ?? []) accepted.add(shape);
  const { errors } = await connection.request([commit], added.sent);
  if (errors.length > 0) throw refused(errors);
}

function refused(errors: readonly string[]): Error {
  const more = errors.length > most ? `; and ${errors.length - most} more` : '';
  return new Error(`Open vSwitch refused ${errors.slice(0, most).join('; ')}${more}`);
}
