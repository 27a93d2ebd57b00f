/** A logger that keeps what it is told, for tests of what is logged. */
import { pino } from 'pino';
import type { Logger } from '../src/io/log.ts';
import { asText, fieldOf } from '../src/model/values/json.ts';

export interface Logged {
  readonly logger: Logger;
  /** The lines so far, each as `MESSAGE: REASON`. */
  readonly lines: string[];
}

export function logged(): Logged {
  const lines: string[] = [];
  const write = (line: string): void => {
    const told: unknown = JSON.parse(line);
    const [message, reason] = [asText(fieldOf(told, 'msg')), asText(fieldOf(told, 'reason'))];
    lines.push(reason === '' ? message : `${message}: ${reason}`);
  };
  return { logger: pino({ level: 'trace' }, { write }), lines };
}
