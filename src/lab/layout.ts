/** The parts of a lab, derived from its name: nodes, addresses, network namespaces, files. Pure. */
import { join } from 'node:path';
import { err, ok, type Result } from '../model/values/result.ts';
import type { Build } from './ovn/builds.ts';

/** A node of the lab. master0 runs the controller and no pods. */
export interface LabNode {
  /** `worker0`: the name of the network namespace and the folder. */
  readonly short: string;
  /** `worker0.ocp4.rober.lab`: the name of the Node. */
  readonly name: string;
  readonly ip: string;
  readonly mac: string;
  readonly worker: boolean;
}

/** The lab for commands without a name. */
export const defaultLabName = 'default';

/** The addresses of the published walkthrough. */
export const network = {
  domain: 'ocp4.rober.lab',
  prefix: '192.168.7',
  prefixLength: 24,
  router: '192.168.7.1',
  podNetwork: '10.254.0.0/16',
  hostSubnetLength: 8,
  serviceNetwork: '172.30.0.0/16',
  outsideRouter: '10.1.8.1',
  outsideHost: '10.1.8.72',
  outsidePrefixLength: 24,
  outsidePort: 8080,
  mtu: 1400,
} as const;

const firstWorker = 11;
const mostWorkers = 180;

/** Where a stand-in for OVN-Kubernetes forwards: its build, and the port of the agents' own API server on 127.0.0.1. */
export interface OvnLab {
  readonly build: Build;
  readonly port: number;
}

export interface Layout {
  readonly name: string;
  /** The port of the API server on 127.0.0.1, in the host and in each node's namespace; 0 if unknown. */
  readonly port: number;
  /** The factor of every time limit (`pace.ts`). */
  readonly pace: number;
  /** Undefined in a lab that runs our controllers. */
  readonly ovn: OvnLab | undefined;
  /** The state folder. */
  readonly dir: string;
  /** A short path to it: unix sockets allow 107 characters. */
  readonly link: string;
  readonly nodes: readonly LabNode[];
  readonly namespaces: { readonly underlay: string; readonly router: string; readonly outside: string };
  readonly namespacePrefix: string;
}

/** The folder with the short paths of all labs. */
export const linkRoot = '/run/sdn-compat-lab';

/** Checks the name of a lab; the error says why it is invalid. */
export function checkLabName(name: string): Result<string> {
  if (/^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/.test(name)) return ok(name);
  return err(`${JSON.stringify(name)} is no lab name: use 1 to 20 lower case letters, digits and dashes`);
}

function node(short: string, host: number, worker: boolean): LabNode {
  const hex = host.toString(16).padStart(2, '0');
  return {
    short,
    name: `${short}.${network.domain}`,
    ip: `${network.prefix}.${host}`,
    mac: `52:54:00:a8:07:${hex}`,
    worker,
  };
}

/** The size of a lab, where its API server listens, and by how much its time limits are stretched. */
export interface LabSize {
  readonly workers: number;
  readonly port: number;
  readonly pace: number;
  readonly ovn?: OvnLab;
}

/** The layout of a lab with this name and size; rejects an invalid name or number. */
export function layoutOf(root: string, name: string, { workers, port, pace, ovn }: LabSize): Result<Layout> {
  const checked = checkLabName(name);
  if (!checked.ok) return checked;
  if (!Number.isInteger(workers) || workers < 1 || workers > mostWorkers) {
    return err(`${workers} is no number of nodes: use 1 to ${mostWorkers}`);
  }
  const namespacePrefix = `sdnc.${name}.`;
  return ok({
    name,
    port,
    pace,
    ovn,
    dir: join(root, name),
    link: join(linkRoot, name),
    nodes: [
      node('master0', firstWorker - 1, false),
      ...Array.from({ length: workers }, (_, index) => node(`worker${index}`, firstWorker + index, true)),
    ],
    namespaces: {
      underlay: `${namespacePrefix}net`,
      router: `${namespacePrefix}router`,
      outside: `${namespacePrefix}outside`,
    },
    namespacePrefix,
  });
}

/** The network namespace of a node. */
export function nodeNamespace(layout: Layout, short: string): string {
  return layout.namespacePrefix + short;
}

/** The network namespace of a pod, by the pod's uid. */
export function podNamespace(layout: Layout, uid: string): string {
  return `${layout.namespacePrefix}pod-${uid.slice(0, 13)}`;
}

/** The port at which a node's agent reaches its API server. */
export function agentPort({ port, ovn }: Layout): number {
  return ovn?.port ?? port;
}

/** The files of a lab. Sockets use the short path. */
export const files = {
  description: (layout: Layout): string => join(layout.dir, 'lab.json'),
  kubeconfig: (layout: Layout): string => join(layout.dir, 'kubeconfig'),
  /** A copy of the kubeconfig of an API server that is not the lab's. */
  given: (layout: Layout): string => join(layout.dir, 'given'),
  /** What is known of such a server before the lab makes anything on it. */
  before: (layout: Layout): string => join(layout.dir, 'before.json'),
  /** The kubeconfig of the controller, or of the agents, on such a server. */
  account: (layout: Layout, account: 'controller' | 'node'): string => join(layout.dir, `kubeconfig-${account}`),
  kubectlCache: (layout: Layout): string => join(layout.dir, 'kubectl-cache'),
  accessLog: (layout: Layout): string => join(layout.dir, 'access.log'),
  log: (layout: Layout, process: string): string => join(layout.dir, 'log', `${process}.log`),
  record: (layout: Layout, process: string): string => join(layout.dir, 'run', `${process}.json`),
  pods: (layout: Layout): string => join(layout.dir, 'pods'),
  pod: (layout: Layout, namespace: string, pod: string): string => join(layout.dir, 'pods', `${namespace}_${pod}`),
  ovs: (layout: Layout, short: string): string => join(layout.link, 'ovs', short),
  cni: (layout: Layout, short: string): string => join(layout.link, 'cni', `${short}.sock`),
  apiData: (layout: Layout): string => join(layout.dir, 'api'),
  api: (layout: Layout): string => join(layout.link, 'api.sock'),
  /** The kubeconfig, data and socket of the agents' own API server, where a stand-in for OVN-Kubernetes forwards. */
  underlayKubeconfig: (layout: Layout): string => join(layout.dir, 'kubeconfig-underlay'),
  underlayData: (layout: Layout): string => join(layout.dir, 'underlay'),
  underlay: (layout: Layout): string => join(layout.link, 'underlay.sock'),
} as const;
