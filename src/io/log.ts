/** The logger of every part: JSON lines on standard error. Secrets never appear. */
import { type Logger as PinoLogger, pino } from 'pino';

export type Logger = PinoLogger;
export type LogLevel = 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

const secrets = ['token', 'authorization', 'Authorization', 'password'];

/** A logger with the name of its part. Omits fields called token, authorization or password. */
export function createLogger(options: { readonly level: LogLevel; readonly name: string }): Logger {
  const paths = secrets.flatMap((name) => [name, `*.${name}`, `*.headers.${name}`]);
  return pino(
    {
      level: options.level,
      name: options.name,
      redact: { paths, remove: true },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
