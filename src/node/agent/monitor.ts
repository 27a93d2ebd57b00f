/** Wakes the agent when somebody changes links, addresses, rules, nft or settings. It does not say what changed. */
import { spawn } from 'node:child_process';
import { pause } from '../../io/async/pause.ts';
import { whenAborted } from '../../io/async/when-aborted.ts';
import type { Logger } from '../../io/log.ts';
import { haveSysctls } from '../links/sysctls.ts';
import { isHostDevice } from '../links/veth.ts';
import { nftTables } from '../nft/vocabulary.ts';
import { guard, tunDevice } from '../ovs/pipeline.ts';

const again = 1_000;

/** A program that prints a line when something changes. */
interface Monitor {
  readonly argv: readonly [string, ...string[]];
  /** Called with each chunk of output, made of whole lines. */
  readonly heard: (text: string) => void;
  /** Called when the program ended and is started again: changes may have been missed. */
  readonly missed: () => void;
  /** Called when the program has had time to start listening: earlier changes may have been missed. */
  readonly began?: () => void;
}

/**
 * Makes the program end with the agent, however that ends: a monitor that prints nothing would not notice by itself.
 */
const bound = ['--pdeathsig', 'KILL'] as const;

function watchOnce({ argv, heard, began }: Monitor, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('setpriv', [...bound, ...argv], { stdio: ['ignore', 'pipe', 'ignore'], signal });
    const settled = began === undefined ? undefined : setTimeout(began, again);
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const text = rest + chunk.toString();
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      if (end > 0) heard(text.slice(0, end));
    });
    const end = (): void => {
      clearTimeout(settled);
      resolve();
    };
    child.on('error', end);
    child.on('close', end);
  });
}

async function watch(monitor: Monitor, logger: Logger, signal: AbortSignal): Promise<void> {
  await watchOnce(monitor, signal).catch(() => undefined); // could not be started, for lack of memory or files
  while (!signal.aborted) {
    logger.warn({ program: monitor.argv }, 'a monitor ended and is started again');
    await pause(again, signal);
    monitor.missed();
    await watchOnce(monitor, signal).catch(() => undefined);
  }
}

export interface HostListeners {
  /** A link or an address has changed. */
  readonly linksChanged: () => void;
  /** A link has changed, perhaps a pod's. */
  readonly podLinksChanged: () => void;
  /**
   * A routing rule or a route of ours was removed, or tun0 is down, which removes its routes, or a setting of the
   * kernel was changed.
   */
  readonly routingLost: () => void;
  /** Something was removed from nft, by us or by somebody else. */
  readonly nftLost: () => void;
  /**
   * Elements of nft's sets and maps were added or removed, by us or by somebody else: as `nft -j monitor` prints it.
   */
  readonly elementsChanged: (printed: string) => void;
  /** Our nft tables dropped a packet of a connection that must end, and marked the connection. */
  readonly strangers: () => void;
}

/**
 * Whether output of `ip monitor label` means that rules or routes of ours are gone, the default route changed, or
 * forwarding was turned off.
 */
export function losesRouting(text: string): boolean {
  const route = new RegExp(`^\\[ROUTE\\]Deleted .*\\b(?:dev ${tunDevice}|table ${guard.routeTable})\\b`, 'm');
  const link = new RegExp(`^\\[LINK\\](?:Deleted .*)?\\d+: ${tunDevice}: <(?![^>]*\\bUP\\b)`, 'm');
  return (
    text.includes('[RULE]Deleted') ||
    route.test(text) ||
    link.test(text) ||
    /^\[ROUTE\](?:Deleted )?default /m.test(text) ||
    losesSettings(text)
  );
}

/** Whether somebody turned forwarding off for all interfaces or for one that is not a pod's, or on for a pod's. */
function losesSettings(text: string): boolean {
  // a new interface has all its settings on one line
  const changes = [...text.matchAll(/^\[NETCONF\](?:inet|ipv4) (?:dev )?(\S+) forwarding (on|off) *$/gm)];
  return changes.some(([, device = '', state]) => isHostDevice(device) === (state === 'on'));
}

/**
 * Whether all this output of `ip monitor label` is about routes, or about links of pods, on which Open vSwitch is the
 * better source.
 */
export function isOfPodsOnly(heard: string): boolean {
  const text = heard.replaceAll(/^\[NETCONF\].*\n?/gm, '');
  if (text === '') return true;
  if (/^(?:\[ROUTE\].*\n?)+$/.test(text)) return true;
  const devices = [...text.matchAll(/^\[(?:LINK|ADDR)\](?:Deleted )?\d+: ([^\s:@]+)/gm)].map(
    ([, device = '']) => device,
  );
  return devices.length > 0 && !text.includes('[RULE]') && devices.every(isHostDevice);
}

/** Milliseconds between two looks at settings of which the kernel reports no change. */
const lookAtSettings = 2_000;

/** Reads those settings again and again, which takes a few small files, and calls back when they are wrong. */
async function watchSettings(lost: () => void, signal: AbortSignal): Promise<void> {
  let wereRight = true;
  while (!signal.aborted) {
    const areRight = await haveSysctls();
    if (wereRight && !areRight) lost();
    wereRight = areRight;
    await pause(lookAtSettings, signal);
  }
}

/** Calls the listeners until the signal aborts. */
export async function watchHost(listeners: HostListeners, logger: Logger, signal: AbortSignal): Promise<void> {
  const { linksChanged, podLinksChanged, routingLost, nftLost, elementsChanged, strangers } = listeners;
  const linksHeard = (text: string): void => {
    if (text.includes('[LINK]')) podLinksChanged();
    if (losesRouting(text)) routingLost();
    if (!isOfPodsOnly(text)) linksChanged();
  };
  const lost = /^(delete|destroy) (table|chain|rule|set|map) /m;
  const traced = new RegExp(`^trace id \\w+ ${nftTables.nat} stranger `, 'm');
  const traceHeard = (text: string): void => {
    if (traced.test(text)) strangers();
  };
  // when much is removed at once, the last line may not be the last change
  let settling: NodeJS.Timeout | undefined;
  whenAborted(signal, () => clearTimeout(settling));
  const nftHeard = (text: string): void => {
    if (!lost.test(text)) return;
    nftLost();
    clearTimeout(settling);
    settling = setTimeout(nftLost, again);
  };
  await Promise.all([
    watch(
      {
        argv: ['ip', 'monitor', 'label', 'address', 'link', 'rule', 'route', 'netconf'],
        heard: linksHeard,
        missed: routingLost,
        began: linksChanged,
      },
      logger,
      signal,
    ),
    watch({ argv: ['nft', 'monitor', 'destroy'], heard: nftHeard, missed: nftLost }, logger, signal),
    watch(
      { argv: ['nft', '-j', '-n', 'monitor', 'elements'], heard: elementsChanged, missed: nftLost },
      logger,
      signal,
    ),
    watch({ argv: ['nft', 'monitor', 'trace'], heard: traceHeard, missed: strangers }, logger, signal),
    watchSettings(routingLost, signal),
  ]);
}
