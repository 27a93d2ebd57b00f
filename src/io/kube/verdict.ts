/**
 * What the agent of a node says of the egress IPs assigned to its node. It keeps that in a Lease of its own, so that it
 * need not be allowed to write objects that decide anything.
 */
import { createHash } from 'node:crypto';
import type { KubeObject } from '../../model/objects/raw.ts';
import { asList, isRecord } from '../../model/values/json.ts';

/** On every agent's Lease. */
export const agentLabels = { 'app.kubernetes.io/name': 'sdn-compat', 'app.kubernetes.io/component': 'node' } as const;

/** The annotation with the egress IPs that the node refuses, as JSON: IP to reason. */
const refusedAnnotation = 'sdn-compat/refused-egress-ips';

/** The annotation with the egress IPs on the node's interface, as a JSON list. */
const carriedAnnotation = 'sdn-compat/egress-ips';

/** What a node's agent did with the egress IPs assigned to its node. */
export interface NodeVerdict {
  /** Those on its interface. */
  readonly carried: ReadonlySet<string>;
  /** Those that it refuses, with the reason. */
  readonly refused: ReadonlyMap<string, string>;
}

/** Annotations of an object have 256 KiB in all; what does not fit is left out, in order. */
const mostBytes = 200_000;

const longestName = 253;

/** The name of a node's Lease; nodes with very long names have one that ends with a digest. */
export function verdictName(node: string): string {
  const name = `sdn-compat-node-${node}`;
  if (name.length <= longestName) return name;
  const digest = createHash('sha256').update(node).digest('hex').slice(0, 20);
  return `${name.slice(0, longestName - digest.length - 1).replace(/[^a-z0-9]+$/, '')}-${digest}`;
}

/** The Lease that says what the node carries and refuses. It goes with the Node, if its uid is known. */
export function verdictLease(
  {
    node,
    nodeUid,
    namespace,
  }: { readonly node: string; readonly nodeUid: string | undefined; readonly namespace: string },
  { carried, refused }: NodeVerdict,
): KubeObject & Readonly<Record<string, unknown>> {
  const list = JSON.stringify([...carried].sort());
  let bytes = Buffer.byteLength(list);
  const fitting = [...refused].filter(([ip, reason]) => {
    bytes += Buffer.byteLength(JSON.stringify([ip, reason]));
    return bytes <= mostBytes;
  });
  const owner = { apiVersion: 'v1', kind: 'Node', name: node, uid: nodeUid };
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      namespace,
      name: verdictName(node),
      labels: agentLabels,
      annotations: {
        [carriedAnnotation]: list,
        [refusedAnnotation]: JSON.stringify(Object.fromEntries(fitting)),
      },
      ...(nodeUid === undefined ? {} : { ownerReferences: [owner] }),
    },
    spec: { holderIdentity: node },
  };
}

/** The node of an agent's Lease, and what it says; undefined for any other Lease. */
export function verdictOf(
  lease: KubeObject & { readonly spec?: unknown },
): ({ readonly node: string } & NodeVerdict) | undefined {
  const { labels, annotations } = lease.metadata;
  const node = isRecord(lease.spec) ? lease.spec['holderIdentity'] : undefined;
  const text = annotations?.[refusedAnnotation];
  const isAgents = Object.entries(agentLabels).every(([key, value]) => labels?.[key] === value);
  if (!isAgents || typeof node !== 'string' || text === undefined) return undefined;
  const [carried, refused] = [parsed(annotations?.[carriedAnnotation] ?? ''), parsed(text)];
  const reasons = isRecord(refused) ? Object.entries(refused) : [];
  return {
    node,
    carried: new Set(asList(carried).filter((ip) => typeof ip === 'string')),
    refused: new Map(reasons.flatMap(([ip, reason]) => (typeof reason === 'string' ? [[ip, reason] as const] : []))),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
