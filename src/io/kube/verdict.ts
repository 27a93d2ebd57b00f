/**
 * What the agent of a node says of the egress IPs assigned to its node. It keeps that in a Lease of its own, so that it
 * need not be allowed to write objects that decide anything.
 */
import { createHash } from 'node:crypto';
import type { ControllerReport } from '../../model/cluster/node-status.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import { asList, isRecord } from '../../model/values/json.ts';

/** On every Lease of ours. */
export const ownLabels = { 'app.kubernetes.io/name': 'sdn-compat' } as const;

/** On every agent's Lease. */
export const agentLabels = { ...ownLabels, 'app.kubernetes.io/component': 'node' } as const;

/** On the Lease of the controllers' leader. */
export const controllerLabels = { ...ownLabels, 'app.kubernetes.io/component': 'controller' } as const;

/** The annotation of that Lease with what forwards: sdn means our agents, ovn OVN-Kubernetes. */
export const backendAnnotation = 'sdn-compat/backend';

/** The annotation with the egress IPs that the node refuses, as JSON: IP to reason. */
const refusedAnnotation = 'sdn-compat/refused-egress-ips';

/** The annotation with the egress IPs on the node's interface, as a JSON list. */
const carriedAnnotation = 'sdn-compat/egress-ips';

/** The annotation with the egress IPs whose connections stay on the node after a move, as JSON: IP to their end. */
const drainingAnnotation = 'sdn-compat/draining-egress-ips';

/** The annotation with the fingerprint of the HostSubnets and NetNamespaces that the node is brought in line with. */
const appliedAnnotation = 'sdn-compat/applied';

/** The annotation with the version of the process that holds a Lease, the controllers' too. */
export const versionAnnotation = 'sdn-compat/version';

/** What a node's agent did with the egress IPs of the cluster. */
export interface NodeVerdict {
  /** Those on its interface. */
  readonly carried: ReadonlySet<string>;
  /** Those that it refuses, with the reason. */
  readonly refused: ReadonlyMap<string, string>;
  /** The fingerprint of what the node was brought in line with last; undefined if it is not said. */
  readonly applied: string | undefined;
  /** Those that moved away while their connections stay, with when that ends at the latest (RFC 3339); none if absent. */
  readonly draining?: ReadonlyMap<string, string>;
}

/** The agent that says it. */
export interface VerdictAuthor {
  readonly node: string;
  /** Undefined if it is not known. */
  readonly nodeUid: string | undefined;
  readonly namespace: string;
  readonly version: string;
}

/** What an agent's Lease says. */
export interface SaidVerdict extends NodeVerdict {
  readonly draining: ReadonlyMap<string, string>;
  readonly node: string;
  readonly version: string | undefined;
  /** When it was said, by the agent's clock, as in the Lease. */
  readonly at: string | undefined;
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

/** The Lease that says what the node did with egress IPs. It goes with the Node, if its uid is known. */
export function verdictLease(
  { node, nodeUid, namespace, version }: VerdictAuthor,
  { carried, refused, applied, draining }: NodeVerdict,
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
        [versionAnnotation]: version,
        ...(draining === undefined || draining.size === 0
          ? {}
          : { [drainingAnnotation]: JSON.stringify(Object.fromEntries(draining)) }),
        ...(applied === undefined ? {} : { [appliedAnnotation]: applied }),
      },
      ...(nodeUid === undefined ? {} : { ownerReferences: [owner] }),
    },
    spec: { holderIdentity: node },
  };
}

/** The node of an agent's Lease, and what it says; undefined for any other Lease. */
export function verdictOf(lease: LeaseObject): SaidVerdict | undefined {
  const { annotations } = lease.metadata;
  const { holderIdentity: node, renewTime: at } = isRecord(lease.spec) ? lease.spec : {};
  const text = annotations?.[refusedAnnotation];
  if (!isOf(lease, agentLabels) || typeof node !== 'string' || text === undefined) return undefined;
  const carried = parsed(annotations?.[carriedAnnotation] ?? '');
  return {
    node,
    version: annotations?.[versionAnnotation],
    at: typeof at === 'string' ? at : undefined,
    applied: annotations?.[appliedAnnotation],
    carried: new Set(asList(carried).filter((ip) => typeof ip === 'string')),
    refused: textsIn(text),
    draining: textsIn(annotations?.[drainingAnnotation]),
  };
}

/** The texts of a JSON object, by name. */
function textsIn(json = ''): ReadonlyMap<string, string> {
  const value = parsed(json);
  const entries = isRecord(value) ? Object.entries(value) : [];
  return new Map(entries.flatMap(([name, text]) => (typeof text === 'string' ? [[name, text] as const] : [])));
}

type LeaseObject = KubeObject & { readonly spec?: unknown };

const isOf = ({ metadata }: KubeObject, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value);

/** What the Lease of the controllers says; undefined for any other Lease. */
export function controllerOf(lease: LeaseObject): ControllerReport | undefined {
  if (!isOf(lease, controllerLabels)) return undefined;
  const { namespace = '', name = '', annotations = {} } = lease.metadata;
  const spec = isRecord(lease.spec) ? lease.spec : {};
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  const duration = spec['leaseDurationSeconds'];
  return {
    lease: `${namespace}/${name}`,
    leader: text(spec['holderIdentity']),
    version: text(annotations[versionAnnotation]),
    backend: text(annotations[backendAnnotation]),
    renewed: text(spec['renewTime']),
    duration: typeof duration === 'number' ? duration : null,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
