/** `--status-address`: where a long-running process serves /metrics, /healthz and /readyz. */
import { InvalidArgumentError, Option } from 'commander';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { serveStatus, type StatusServer } from '../io/status-server.ts';
import { Failure } from './fail.ts';

function address(text: string): string {
  const port = Number(/^[^\s]+:(\d{1,5})$/.exec(text)?.[1] ?? Number.NaN);
  if (text === 'off' || port <= 65535) return text;
  throw new InvalidArgumentError('it must be HOST:PORT, or off.');
}

/** The option, with its default. */
export function statusAddressOption(byDefault: string): Option {
  return new Option('--status-address <host:port>', 'address of /metrics, /healthz and /readyz, or off')
    .argParser(address)
    .default(byDefault);
}

/**
 * Serves there until closed, and logs the address: port 0 becomes the one that was free. Undefined with `off`.
 * Throws Failure if the address cannot be bound.
 */
export async function openStatus(
  at: string,
  logger: Logger,
  registry: Registry,
  notReady: () => string | undefined,
): Promise<StatusServer | undefined> {
  if (at === 'off') return undefined;
  const colon = at.lastIndexOf(':');
  const [host, port] = [at.slice(0, colon).replace(/^\[|\]$/g, ''), Number(at.slice(colon + 1))];
  try {
    const server = await serveStatus({ host, port, registry, notReady });
    logger.info({ address: `${at.slice(0, colon)}:${server.port}` }, 'serving metrics and health');
    return server;
  } catch (error) {
    throw new Failure(`--status-address ${at}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
