/** A trace in words. */
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
  readonly ways: readonly Way[];
  /** What may make the answer wrong, because only the nodes know it. */
  readonly unknown: readonly string[];
}

function stepsText(steps: readonly Step[], isVerbose: boolean): string {
  const rows = steps.map(({ node, at, says }) => [`  ${node}`, at, says]);
  if (!isVerbose) return aligned(rows);
  const lines = aligned(rows).trimEnd().split('\n');
  return steps.map(({ flow }, index) => `${lines[index] ?? ''}\n${flow === null ? '' : `      ${flow}\n`}`).join('');
}

const outcomes: Readonly<Record<Way['verdict'], (way: Way) => string>> = {
  leaves: ({ address, node }) => (address === null ? `leaves from ${node}` : `leaves as ${address} from ${node}`),
  delivered: ({ node }) => `arrives on ${node}`,
  node: ({ node }) => `comes to ${node} itself`,
  service: ({ node }) => `goes to a Service, by ${node}`,
  dropped: ({ node }) => `is dropped on ${node}`,
};

function back({ verdict, node, address }: Way, { pod, isReply, backend }: Traced): string {
  if (backend === 'ovn' || isReply || verdict === 'dropped' || verdict === 'service') return '';
  if (verdict !== 'leaves') return 'Answers pass, whatever policies say of them: the connection is known.\n';
  const way = node === pod.node ? 'go to the pod' : `go by VXLAN to ${pod.node} and to the pod`;
  return `Answers come to ${address ?? node} on ${node}, which knows the connection, and ${way}.\n`;
}

/** What happens to the packet first, then how; with the flows if asked for. */
export function traceText(traced: Traced, isVerbose: boolean): string {
  const { pod, to, proto, port, ways, unknown, backend } = traced;
  const target = `${to}${port === null ? '' : `:${port}`}/${proto}`;
  const head = `${pod.namespace}/${pod.name} (${pod.ip}, VNID ${pod.vnid}, on ${pod.node}) to ${target}${backend === 'ovn' ? ', by OVN-Kubernetes' : ''}\n`;
  const several =
    ways.length > 1
      ? `Each new connection takes one of ${ways.length} ways, and keeps it while that egress IP is usable.\n`
      : '';
  const told = ways.map((way) =>
    [`\n${outcomes[way.verdict](way)}: ${way.reason}\n`, stepsText(way.steps, isVerbose), back(way, traced)].join(''),
  );
  const doubts = unknown.map((what) => `\nNot taken into account: ${what}\n`);
  return [head, several, ...told, ...doubts].join('');
}
