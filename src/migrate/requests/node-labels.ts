/** The label by which objects of a plan name nodes. The way back removes it. Pure. */
import { createHash } from 'node:crypto';
import { apiVersionOf, hostSubnets, nodes } from '../../../api/kinds.ts';
import type { KubeObject, LabelSelectorObject } from '../../model/objects/raw.ts';
import { compareText } from '../../model/values/names.ts';
import { refNamed } from '../ref.ts';
import type { Change } from '../translation.ts';

/** Its value names the node. Without it a node hosts nothing. */
export const nodeLabel = 'migrate.sdn-compat/node';

const longestValue = 63;
const digits = 8;

/** The value for the node of that name; a name that is too long for a label ends in a part of its hash. */
export function nodeLabelValue(name: string): string {
  if (name.length <= longestValue) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, digits);
  return `${name.slice(0, longestValue - digits - 1)}-${hash}`;
}

/** The selector of these nodes. */
export function selectorOfNodes(names: readonly string[]): LabelSelectorObject {
  const [only, ...others] = names.map(nodeLabelValue);
  return only !== undefined && others.length === 0
    ? { matchLabels: { [nodeLabel]: only } }
    : { matchExpressions: [{ key: nodeLabel, operator: 'In', values: names.map(nodeLabelValue) }] };
}

/** Labels the nodes, in the step `label-nodes`. */
export function labelChanges(names: Iterable<string>): readonly Change[] {
  return [...new Set(names)].sort(compareText).map((name): Change => {
    const object: KubeObject = {
      apiVersion: apiVersionOf(nodes),
      kind: nodes.kind,
      metadata: { name, labels: { [nodeLabel]: nodeLabelValue(name) } },
    };
    return { action: 'apply', step: 'label-nodes', object, from: [refNamed(hostSubnets, name)] };
  });
}
