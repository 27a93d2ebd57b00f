/** One probe of a node: a TCP connect whose refusal is as good an answer as its success. */
import { connect } from 'node:net';
import type { Ip } from '../model/address.ts';

/**
 * Sends one probe and calls back once if the address answers; silence and "no route" call nothing. The function that is
 * returned ends the probe.
 */
export type Probe = (ip: Ip, onAnswer: () => void) => () => void;

const answers: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET']);

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Probes a TCP port. Port 9 (discard) is the one that OpenShift SDN probes; nothing listens there. */
export function tcpProbe(port = 9): Probe {
  return (ip, onAnswer) => {
    const socket = connect({ host: ip, port, autoSelectFamily: false });
    socket.on('connect', () => {
      socket.destroy();
      onAnswer();
    });
    socket.on('error', (error) => {
      if (answers.has(codeOf(error))) onAnswer();
    });
    return () => socket.destroy();
  };
}
