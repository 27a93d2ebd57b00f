/** `--status-address`: where a long-running process serves /metrics, /healthz and /readyz, and how. */
import { type Command, InvalidArgumentError, Option } from 'commander';

export interface StatusFlags {
  readonly statusAddress: string;
  readonly statusTlsCert?: string;
  readonly statusTlsKey?: string;
  readonly statusInsecure: boolean;
}

function address(text: string): string {
  const port = Number(/^[^\s]+:(\d{1,5})$/.exec(text)?.[1] ?? Number.NaN);
  if (text === 'off' || port <= 65535) return text;
  throw new InvalidArgumentError('it must be HOST:PORT, or off.');
}

/** Adds the options to a command, with the default of the address. */
export function addStatusOptions(command: Command, byDefault: string): Command {
  return command
    .addOption(
      new Option('--status-address <host:port>', 'address of /metrics, /healthz and /readyz, or off')
        .argParser(address)
        .default(byDefault),
    )
    .option(
      '--status-tls-cert <file>',
      'certificate for a status address that is not loopback, read again when it changes (default: made at start)',
    )
    .option('--status-tls-key <file>', 'the key of that certificate')
    .option(
      '--status-insecure',
      'serve metrics without TLS, to everybody who reaches a status address that is not loopback',
      false,
    );
}
