/**
 * kube-vip's objects: a LoadBalancer Service for each workload of one pod. One address belongs to one Service, so a
 * namespace is served only if each of its workloads is one pod and there is an address for each. Pure.
 */
import { createHash } from 'node:crypto';
import { daemonSets, type Kind, services, workloads as workloadKinds } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import type { Ip } from '../../../model/values/address.ts';
import { fieldOf } from '../../../model/values/json.ts';
import { listText } from '../../../model/values/list-text.ts';
import { compareText } from '../../../model/values/names.ts';
import type { Finding } from '../../findings/finding.ts';
import { nodeChoiceLost, workloadsUnserved } from '../../findings/others.ts';
import { listAt, numberAt, textAt, textsByKey } from '../../kinds/item.ts';
import { objectRef, refText } from '../../ref.ts';
import { nameOf, prerequisite } from '../../requests/findings.ts';
import { hasObject, type RequestGroup } from '../../requests/groups.ts';
import { applying, sourcesOf } from '../../requests/objects.ts';
import type { Requests } from '../../requests/requests.ts';
import type { Made, ServedGroup } from '../../requests/served.ts';
import { objectsOf } from '../../snapshot.ts';
import type { Change } from '../../translation.ts';

export const plugin = 'kube-vip';

/** Turns egress on for the pods of a Service. */
export const egressAnnotation = 'kube-vip.io/egress';
/** The addresses that a Service asks for. */
export const addressesAnnotation = 'kube-vip.io/loadbalancerIPs';

/** Kinds of workloads whose pods come and go: no Service can tell with which of them an address is. */
const passingKinds: readonly Kind[] = workloadKinds.filter(({ kind }) => kind === 'CronJob' || kind === 'Job');

/** Kinds of workloads that run for long. */
const lastingKinds: readonly Kind[] = workloadKinds.filter((kind) => !passingKinds.includes(kind));

/** A workload with the address that it gets, and the name of its Service. */
interface Bound {
  readonly workload: KubeObject;
  readonly ip: Ip;
  readonly service: string;
}

export function kubeVipObjects(requests: Requests): Made {
  const [lasting, passing] = [lastingKinds, passingKinds].map((kinds) => runningByNamespace(requests, kinds));
  const anyNode = requests.snapshot.nodes.map(({ name }) => name).sort(compareText);
  const pairs = requests.groups.filter(hasObject).map((group) => {
    const own = inGroup(group, lasting);
    return { group, own, bound: boundOf(requests, group, own), passing: inGroup(group, passing) };
  });
  const served = pairs.flatMap(({ group, bound }) => servedOf(group, bound, anyNode));
  return {
    served,
    changes: pairs.flatMap(({ group, bound }) => bound.map((one) => serviceFor(group, one))),
    findings: [
      ...pairs.flatMap(unserved),
      ...pairs.flatMap(partlyServed),
      ...served.flatMap((one) => chosenNodes(requests, one)),
      ...prerequisites(served),
    ],
    named: [],
  };
}

type ByNamespace = ReadonlyMap<string, readonly KubeObject[]>;

function runningByNamespace({ snapshot }: Requests, kinds: readonly Kind[]): ByNamespace {
  const running = kinds.flatMap((kind) => objectsOf(snapshot, kind)).filter(isRunning);
  return Map.groupBy(running, ({ metadata }) => metadata.namespace ?? '');
}

function inGroup({ selected }: RequestGroup, byNamespace: ByNamespace = new Map()): readonly KubeObject[] {
  return selected
    .flatMap((name) => byNamespace.get(name) ?? [])
    .sort((a, b) => compareText(refText(objectRef(a)), refText(objectRef(b))));
}

const makers = new Set(workloadKinds.map(({ kind }) => kind));

/** It makes pods now, and no other workload makes it. What an operator makes counts. */
function isRunning(workload: KubeObject): boolean {
  return (
    !listAt(workload, 'metadata', 'ownerReferences').some((owner) => makers.has(textAt(owner, 'kind'))) &&
    numberAt(workload, 'spec', 'replicas') !== 0 &&
    fieldOf(workload, 'spec', 'suspend') !== true &&
    textAt(workload, 'status', 'completionTime') === ''
  );
}

function isSingle(workload: KubeObject): boolean {
  return workload.kind !== daemonSets.kind && (numberAt(workload, 'spec', 'replicas') ?? 1) === 1;
}

/** An address for each workload, those in use today before others; none if one of them cannot have one. */
function boundOf(
  { nodesOf, options }: Requests,
  { today, egressIPs }: RequestGroup,
  own: readonly KubeObject[],
): readonly Bound[] {
  const byName = Map.groupBy(own, ({ metadata: { namespace = '', name = '' } }) => `${namespace}/${name}`);
  const used = today.kind === 'via' ? today.hops.map(({ egressIP }) => egressIP) : [];
  const usable = egressIPs.filter((ip) => nodesOf(ip).length > 0);
  const ips = [...usable.filter((ip) => used.includes(ip)), ...usable.filter((ip) => !used.includes(ip))];
  if (own.length > ips.length || !own.every(isSingle)) return [];
  return own.flatMap((workload, index) => {
    const ip = ips[index];
    const { namespace = '', name } = objectRef(workload);
    const isAlone = byName.get(`${namespace}/${name}`)?.length === 1;
    return ip === undefined ? [] : [{ workload, ip, service: serviceName(options.prefix, workload, isAlone) }];
  });
}

const longestName = 63;
const digits = 8;

/**
 * Names of Services are shorter than others, have no dots and begin with a letter. `isAlone`: no other kind of workload
 * has its name there.
 */
function serviceName(prefix: string, workload: KubeObject, isAlone: boolean): string {
  const { kind, name } = objectRef(workload);
  const plain = `${prefix}-${name}`;
  if (isAlone && /^[a-z][a-z0-9-]*$/.test(plain) && plain.length <= longestName) return plain;
  const hash = createHash('sha256').update(`${kind}/${plain}`).digest('hex').slice(0, digits);
  const start = plain.replace(/^(?=[^a-z])/, 'svc-').replaceAll('.', '-');
  return `${start.slice(0, longestName - digits - 1)}-${hash}`;
}

/** `anyNode`: each node that may run it. */
function servedOf(group: RequestGroup, bound: readonly Bound[], anyNode: readonly string[]): readonly ServedGroup[] {
  if (bound.length === 0) return [];
  const names = bound.map(({ workload }) => workload.metadata.namespace ?? '');
  return [
    {
      group,
      egressIPs: bound.map(({ ip }) => ip),
      nodesOf: () => anyNode,
      object: 'a Service of its workload',
      ...(group.selected.every((name) => names.includes(name)) ? {} : { namespaces: new Set(names) }),
    },
  ];
}

function serviceFor(group: RequestGroup, { workload, ip, service }: Bound): Change {
  const { namespace = '' } = objectRef(workload);
  const template = fieldOf(workload, 'spec', 'template');
  const labels = textsByKey(workload, 'spec', 'selector', 'matchLabels');
  return applying(services, service, {
    step: 'services',
    namespace,
    annotations: { [egressAnnotation]: 'true', [addressesAnnotation]: ip },
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      selector: Object.keys(labels).length > 0 ? labels : textsByKey(template, 'metadata', 'labels'),
      ports: portsOf(template),
    },
    from: [...sourcesOf(group), objectRef(workload)],
  });
}

/** A Service must have a port: those of the pod, or one that nobody listens on. */
function portsOf(template: unknown): readonly object[] {
  const ports = listAt(template, 'spec', 'containers')
    .flatMap((container) => listAt(container, 'ports'))
    .map((port) => ({ port: numberAt(port, 'containerPort') ?? 0, protocol: textAt(port, 'protocol') || 'TCP' }))
    .filter(({ port }) => port > 0);
  const named = ports.map(({ port, protocol }) => portNamed(port, protocol));
  const distinct = [...new Map(named.map((one) => [one.name, one])).values()];
  return distinct.length > 0 ? distinct : [portNamed(9, 'TCP')];
}

/** With all that the API server would fill in. */
function portNamed(port: number, protocol: string) {
  return { name: `${protocol.toLowerCase()}-${port}`, port, protocol, targetPort: port };
}

interface Case {
  readonly group: RequestGroup;
  readonly own: readonly KubeObject[];
  readonly bound: readonly Bound[];
  /** What makes pods that end. */
  readonly passing: readonly KubeObject[];
}

/** One for each namespace that leaves with egress IPs today and is not served. */
function unserved({ group, own, bound }: Case): readonly Finding[] {
  if (group.today.kind !== 'via') return [];
  const names = new Set(bound.map(({ workload }) => workload.metadata.namespace));
  return group.selected
    .filter((name) => !names.has(name))
    .map((name) =>
      workloadsUnserved({
        plugin,
        name,
        ips: group.egressIPs,
        isPartly: false,
        reason: whyUnserved(own, group.egressIPs.length),
        action:
          'Migrate the namespace to another system; or give each workload that needs one an address of its own and one pod, and plan again.',
      }),
    );
}

/** One for each namespace that is served and has pods that no Service selects. */
function partlyServed({ group, bound, passing }: Case): readonly Finding[] {
  if (group.today.kind !== 'via') return [];
  const names = new Set(bound.map(({ workload }) => workload.metadata.namespace ?? ''));
  return [...names].flatMap((name) => {
    const others = passing.filter(({ metadata }) => metadata.namespace === name).map((one) => refText(objectRef(one)));
    return others.length === 0
      ? []
      : [
          workloadsUnserved({
            plugin,
            name,
            ips: group.egressIPs,
            isPartly: true,
            reason: `No Service is made for the pods of ${listText(others)}`,
            action: 'Let a workload that stays do what must leave with the address.',
          }),
        ];
  });
}

function whyUnserved(own: readonly KubeObject[], addresses: number): string {
  if (own.length === 0) return 'The input shows no workload that a Service could select';
  const several = own.find((one) => !isSingle(one));
  if (several !== undefined) return `${refText(objectRef(several))} may have several pods`;
  return `One address belongs to one Service, and ${own.length} workloads have ${addresses}`;
}

function chosenNodes({ nodesOf }: Requests, { group, egressIPs }: ServedGroup): readonly Finding[] {
  return egressIPs.map((ip) => nodeChoiceLost({ plugin, name: nameOf(group), ip, nodes: nodesOf(ip) }));
}

function prerequisites(served: readonly ServedGroup[]): readonly Finding[] {
  return prerequisite(served, {
    plugin,
    setting: 'svc_election, and egress_podcidr and egress_servicecidr as the cluster has them',
    without: 'Services share one node, and traffic between pods leaves with the address too',
    action: 'Set them in its DaemonSet: the defaults 10.0.0.0/16 and 10.96.0.0/12 are not those of OpenShift.',
  });
}
