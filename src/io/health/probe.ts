/** Probes a node: a TCP connect, whose refusal counts as an answer, too. */
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Ip } from '../../model/values/address.ts';

/**
 * Sends one probe and calls back once: with true if the address answers, with false if it becomes unreachable. Silence
 * calls nothing. The returned function cancels the probe and the callback.
 */
export type Probe = (ip: Ip, onEnd: (isAnswered: boolean) => void) => () => void;

const answers: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET']);

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Probes a TCP port. OpenShift SDN probes port 9 (discard), where nothing listens. */
export function tcpProbe(port = 9): Probe {
  return (ip, onEnd) => {
    const socket = connect({ host: ip, port, autoSelectFamily: false });
    socket.on('connect', () => {
      socket.destroy();
      onEnd(true);
    });
    socket.on('error', (error) => onEnd(answers.has(codeOf(error))));
    return () => socket.destroy();
  };
}

/** The addresses of all links of this host. */
export function ownAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address)));
}
