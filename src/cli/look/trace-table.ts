/** A trace in words. */
import type { DrainRow } from '../../model/cluster/drains.ts';
import { listText } from '../../model/values/list-text.ts';
import type { LiveCheck } from '../../node/admin/live-trace.ts';
import type { Question, Step, Way } from '../../node/trace/way.ts';
import type { TracedPod } from '../../node/trace/world.ts';
import { aligned } from '../aligned.ts';

/** What a trace says, as `-o json` prints it. */
export interface Traced {
  readonly pod: TracedPod;
  readonly to: string;
  readonly proto: Question['proto'];
  readonly port: number | null;
  readonly isReply: boolean;
  /** What forwards: `sdn`, our agents; `ovn`, OVN-Kubernetes. */
  readonly backend: 'sdn' | 'ovn';
  /** Those of the first packet of a connection. */
  readonly ways: readonly Way[];
  /** Egress IPs of the pod's VNID that moved, and whose connections stay where they were; absent if there are none. */
  readonly drains?: readonly DrainRow[];
  /** What may make the answer wrong, because only the nodes know it. */
  readonly unknown: readonly string[];
  /** Only with --live. */
  readonly live?: Live;
}

/** This node, held against the plan. */
export interface Live {
  readonly node: string;
  readonly checks: readonly LiveCheck[];
}

function liveText({ live }: Traced): string {
  if (live === undefined) return '';
  const rows = live.checks.map(({ what, state, says }) => [
    `  ${what}`,
    state === 'as planned' ? state : state.toUpperCase(),
    says,
  ]);
  return `\nOn ${live.node} as it is:\n${aligned(rows)}`;
}

function stepsText(steps: readonly Step[], isVerbose: boolean): string {
  const rows = steps.map(({ node, at, says }) => [`  ${node}`, at, says]);
  if (!isVerbose) return aligned(rows);
  const lines = aligned(rows).trimEnd().split('\n');
  return steps.map(({ flow }, index) => `${lines[index] ?? ''}\n${flow === null ? '' : `      ${flow}\n`}`).join('');
}

const outcomes: Readonly<Record<Way['verdict'], (way: Way) => string>> = {
  leaves: ({ address, node }) => (address === null ? `leaves from ${node}` : `leaves as ${address} from ${node}`),
  delivered: ({ node, address, service }) =>
    service === undefined || address === null ? `arrives on ${node}` : `arrives as ${address} on ${node}`,
  node: ({ node }) => `comes to ${node} itself`,
  refused: ({ node }) => `is refused on ${node}`,
  dropped: ({ node }) => `is dropped on ${node}`,
  unknown: ({ node }) => `cannot be told from ${node} on`,
};

function back({ verdict, node, address, service }: Way, { pod, isReply, backend }: Traced): string {
  const hasAnswer = verdict === 'leaves' || verdict === 'delivered' || verdict === 'node';
  if (backend === 'ovn' || isReply || !hasAnswer) return '';
  if (service !== undefined)
    return `Answers go back by ${service.node}, which puts the address of Service ${service.name} back into them.\n`;
  if (verdict !== 'leaves') return 'Answers pass, whatever policies say of them: the connection is known.\n';
  const way = node === pod.node ? 'go to the pod' : `go by VXLAN to ${pod.node} and to the pod`;
  return `Answers come to ${address ?? node} on ${node}, which knows the connection, and ${way}.\n`;
}

/** The backends behind a way through a Service. */
function backendsText({ service }: Way): string {
  if (service === undefined || service.backends.length === 0) return '';
  const all = service.backends.map(({ address, pod, node }) =>
    [pod ?? '', address, node === null ? '' : `on ${node}`].filter(Boolean).join(' '),
  );
  return `  Service ${service.name} (${service.port}, by its ${service.door}) to ${listText(all)}\n`;
}

/** What happens to the packet first, then how; with the flows if asked for. */
export function traceText(traced: Traced, isVerbose: boolean): string {
  const { pod, to, proto, port, ways, drains = [], unknown, backend } = traced;
  const target = `${to}${port === null ? '' : `:${port}`}/${proto}`;
  const head = `${pod.namespace}/${pod.name} (${pod.ip}, VNID ${pod.vnid}, on ${pod.node}) to ${target}${backend === 'ovn' ? ', by OVN-Kubernetes' : ''}\n`;
  const several =
    ways.length > 1
      ? `Each new connection takes one of ${ways.length} ways, and keeps it while ${ways.some(({ service }) => service !== undefined) ? 'its backend is' : 'that egress IP is'} usable.\n`
      : '';
  const told = ways.map((way) =>
    [
      `\n${outcomes[way.verdict](way)}: ${way.reason}\n`,
      backendsText(way),
      stepsText(way.steps, isVerbose),
      back(way, traced),
    ].join(''),
  );
  const staying = drains.map(
    ({ egressIP, from, until }) =>
      `\nConnections that have ${egressIP} since before it left ${from} go on by ${from}, until ${until} at the latest.\n`,
  );
  const doubts = unknown.map((what) => `\nNot taken into account: ${what}\n`);
  return [head, several, ...told, ...staying, ...doubts, liveText(traced)].join('');
}
