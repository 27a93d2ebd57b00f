/**
 * Serves /metrics, /healthz and /readyz where `--status-address` says. On loopback it is plain HTTP; elsewhere it is TLS,
 * and the API server says who may read metrics.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { makeCertificate } from '../io/certificate.ts';
import type { KubeClient } from '../io/kube/client.ts';
import { Guard } from '../io/status/guard.ts';
import { follower, type KeyPair, readKeyPair } from '../io/status/key-pair.ts';
import { reviewed } from '../io/status/reviews.ts';
import { serveStatus, type StatusServer } from '../io/status/server.ts';
import { Failure } from './fail.ts';
import type { StatusFlags } from './status-options.ts';

/** What a process has that serves its status. */
export interface Served {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly client: KubeClient;
  /** Why the process is not ready; undefined if it is. */
  readonly notReady: () => string | undefined;
}

/** How the address is served: to this machine, to everybody, or by TLS with reviews. */
export type Way = { readonly how: 'loopback' | 'insecure' } | { readonly how: 'reviewed'; readonly files?: Files };

interface Files {
  readonly cert: string;
  readonly key: string;
}

/** How often files of a certificate are read again, in milliseconds. */
const filesInterval = 10_000;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** How an address, an IP, is served; throws Failure for flags that contradict each other. */
export function wayOf(ip: string, flags: StatusFlags): Way {
  const { statusTlsCert: cert, statusTlsKey: key, statusInsecure } = flags;
  if ((cert === undefined) !== (key === undefined))
    throw new Failure('--status-tls-cert and --status-tls-key go together', 2);
  if (cert !== undefined && statusInsecure)
    throw new Failure('--status-insecure serves without TLS: leave out --status-tls-cert and --status-tls-key', 2);
  if (loopback.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4')) return { how: 'loopback' };
  if (statusInsecure) return { how: 'insecure' };
  return { how: 'reviewed', ...(cert === undefined || key === undefined ? {} : { files: { cert, key } }) };
}

function madePair(ip: string, logger: Logger): KeyPair {
  const { certificate: cert, key } = makeCertificate([hostname(), ip], new Date());
  logger.info('made a certificate for the status address, which lasts until the end: --status-tls-cert gives another');
  return { cert, key };
}

/** Serves by TLS to those of whom the API server says that they may get /metrics. */
async function serveReviewed(
  files: Files | undefined,
  at: { readonly host: string; readonly port: number },
  { logger, registry, client, notReady }: Served,
): Promise<StatusServer> {
  const read = (): Promise<KeyPair> => readKeyPair(files?.cert ?? '', files?.key ?? '');
  const pair = files === undefined ? madePair(at.host, logger) : await read();
  const guard = new Guard({
    ask: (token) => reviewed(client, token),
    onFailure: (reason) => logger.warn({ reason }, 'the API server does not say who may read metrics: nobody may'),
    now: () => performance.now(),
  });
  const protection = { pair, verdict: (header: string | undefined) => guard.verdict(header) };
  const server = await serveStatus({ ...at, registry, notReady, protection });
  if (files === undefined) return server;
  const follow = follower(pair, {
    read,
    onChange: (next) => {
      server.renew(next);
      logger.info('the certificate of the status address is a new one');
    },
    onProblem: (reason) =>
      logger.warn(
        { reason },
        'the certificate of the status address needs a valid pair of files; the last one stays in use',
      ),
  });
  const timer = setInterval(() => void follow(), filesInterval).unref();
  return {
    ...server,
    close: () => {
      clearInterval(timer);
      server.close();
    },
  };
}

/**
 * Serves there until closed, and logs the address: port 0 becomes the one that was free. Undefined with `off`.
 * Throws Failure if the address cannot be bound, or the certificate cannot be used.
 */
export async function openStatus(flags: StatusFlags, served: Served): Promise<StatusServer | undefined> {
  const { logger } = served;
  const at = flags.statusAddress;
  if (at === 'off') return undefined;
  const colon = at.lastIndexOf(':');
  const port = Number(at.slice(colon + 1));
  try {
    const { address: host } = await lookup(at.slice(0, colon).replace(/^\[|\]$/g, ''));
    const way = wayOf(host, flags);
    if (way.how === 'loopback' && flags.statusTlsCert !== undefined)
      logger.warn('--status-tls-cert is not used: on loopback the status is served without TLS');
    if (way.how === 'insecure') logger.warn('--status-insecure: whoever reaches the status address may read metrics');
    const server =
      way.how === 'reviewed'
        ? await serveReviewed(way.files, { host, port }, served)
        : await serveStatus({ host, port, registry: served.registry, notReady: served.notReady });
    logger.info({ address: `${at.slice(0, colon)}:${server.port}`, way: way.how }, 'serving metrics and health');
    return server;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`--status-address ${at}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
