/** One probe of a node: a TCP connect whose refusal is as good an answer as its success. */
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Ip } from '../model/address.ts';

/**
 * Sends one probe and calls back once: with true when the address answers, with false when it cannot be reached any more;
 * silence calls nothing. The function that is returned ends the probe, and then nothing is called.
 */
export type Probe = (ip: Ip, onEnd: (isAnswered: boolean) => void) => () => void;

const answers: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET']);

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Probes a TCP port. Port 9 (discard) is the one that OpenShift SDN probes; nothing listens there. */
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

/** The addresses of this machine, those of all its links. */
export function ownAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address)));
}
