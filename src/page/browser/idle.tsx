/** The nodes that have no egress IP of a namespace, as small boxes. */
import type { NodeStatus } from '../../model/cluster/node-status.ts';
import { nodeTone } from '../bands.ts';
import { counted } from './words.ts';

interface IdleProps {
  readonly nodes: readonly NodeStatus[];
  readonly onNode: (node: string) => void;
}

/** How many are drawn. */
const most = 400;

function freeText({ cidrs }: NodeStatus): string {
  const free = cidrs.reduce((sum, { used, size }) => sum + size - used, 0);
  return cidrs.length === 0 ? '' : ` · ${free.toLocaleString('en')} free`;
}

/** Nothing if there are none. */
export function Idle({ nodes, onNode }: IdleProps) {
  if (nodes.length === 0) return null;
  return (
    <section class="idle" aria-label="Nodes without egress IPs">
      <h2>{counted(nodes.length, 'node')} without egress IPs</h2>
      <div>
        {nodes.slice(0, most).map((node) => (
          <button
            key={node.node}
            class={`box ${nodeTone(node)}`}
            title={node.reason ?? node.cidrs.map(({ cidr }) => cidr).join(', ')}
            onClick={() => onNode(node.node)}
          >
            <strong>{node.node}</strong>
            <span>
              {node.health}
              {freeText(node)}
            </span>
          </button>
        ))}
      </div>
      {nodes.length > most && <p>And {nodes.length - most} more: the search box finds them.</p>}
    </section>
  );
}
