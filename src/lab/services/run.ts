/**
 * The lab's stand-in for what a cluster runs for its Services: the controller that makes EndpointSlices of pods, and a
 * service proxy on every node.
 */
import isEqual from 'lodash/isEqual.js';
import { endpointSlices as sliceKind, pods as podKind, services as serviceKind } from '../../../api/kinds.ts';
import { createQueue, type WorkQueue } from '../../io/async/queue.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { type ObjectCache, watchKind } from '../../io/kube/watch.ts';
import type { Logger } from '../../io/log.ts';
import { type Exec, must } from '../../io/programs/exec.ts';
import type { PodObject } from '../../model/objects/raw.ts';
import { type EndpointSliceObject, serviceNameLabel, type ServiceObject } from '../../model/services/objects.ts';
import { type ServedPort, servedPorts } from '../../model/services/served.ts';
import { type Layout, network, nodeNamespace } from '../layout.ts';
import type { ProxyForm } from '../proxy-forms.ts';
import { proxyDocument } from './document.ts';
import { iptablesDocument } from './iptables.ts';
import { type ProxiedNode, proxyRules } from './rules.ts';
import { sliceChanges, wantedSlices } from './slices.ts';

export interface ServicesDeps {
  readonly form: ProxyForm;
  readonly client: KubeClient;
  readonly exec: Exec;
  readonly logger: Logger;
  readonly layout: Layout;
}

/** Writes the rules for these ports on a node, by programs run inside its network namespace. */
type Writer = (
  inside: (argv: readonly string[], input?: string) => Promise<string>,
  node: ProxiedNode,
  ports: { readonly before: readonly ServedPort[] | undefined; readonly after: readonly ServedPort[] },
) => Promise<unknown>;

const writers: Readonly<Record<ProxyForm, Writer>> = {
  nftables: (inside, node, { before, after }) => {
    const old = before === undefined ? undefined : proxyRules(before, node);
    return inside(['nft', '-f', '-'], proxyDocument(old, proxyRules(after, node)));
  },
  iptables: async (inside, node, { after }) => {
    const saved = await inside(['iptables-nft-save']);
    return inside(['iptables-nft-restore', '--noflush'], iptablesDocument(after, node, saved));
  },
};

const fieldManager = 'sdn-compat-lab-services';

class Services {
  readonly #deps: ServicesDeps;
  readonly #signal: AbortSignal;
  readonly #pods: ObjectCache<PodObject>;
  readonly #services: ObjectCache<ServiceObject>;
  readonly #slices: ObjectCache<EndpointSliceObject>;
  readonly #queue: WorkQueue;
  /** What each node has rules for; nothing is known after a failure, and at first. */
  readonly #applied = new Map<string, readonly ServedPort[]>();

  constructor(deps: ServicesDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
    const { client, logger } = deps;
    this.#pods = watchKind<PodObject>(client, podKind, { logger }, signal);
    this.#services = watchKind<ServiceObject>(client, serviceKind, { logger }, signal);
    this.#slices = watchKind<EndpointSliceObject>(client, sliceKind, { logger }, signal);
    this.#queue = createQueue({ logger, concurrency: 4, baseDelay: 50, maxDelay: 2_000 });
  }

  async run(): Promise<void> {
    await Promise.all([this.#pods.synced, this.#services.synced, this.#slices.synced]);
    this.#pods.subscribe(({ before, after }) => {
      const namespace = (after ?? before)?.metadata.namespace;
      for (const { metadata } of this.#services.list())
        if (metadata.namespace === namespace) this.#queue.add(`slices/${namespace ?? ''}/${metadata.name ?? ''}`);
    });
    this.#services.subscribe(({ key }) => {
      this.#queue.add(`slices/${key}`);
      this.#changeNodes();
    });
    this.#slices.subscribe(({ before, after }) => {
      const { namespace = '', labels = {} } = (after ?? before)?.metadata ?? {};
      this.#queue.add(`slices/${namespace}/${labels[serviceNameLabel] ?? ''}`);
      this.#changeNodes();
    });
    this.#changeNodes();
    await this.#queue.process((key) => this.#work(key), this.#signal);
  }

  #changeNodes(): void {
    for (const { short } of this.#deps.layout.nodes) this.#queue.add(`node/${short}`);
  }

  async #work(key: string): Promise<void> {
    const [what, first = '', second = ''] = key.split('/');
    if (what === 'node') await this.#proxy(first);
    else await this.#reconcileSlices(first, second);
  }

  async #reconcileSlices(namespace: string, name: string): Promise<void> {
    const { client } = this.#deps;
    const signal = this.#signal;
    const service = this.#services.get(`${namespace}/${name}`);
    const wanted = service === undefined ? [] : wantedSlices(service, this.#pods.list());
    const present = this.#slices
      .list()
      .filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.[serviceNameLabel] === name);
    const { applied, removed } = sliceChanges(wanted, present);
    const options = { type: 'apply', fieldManager, force: true, signal } as const;
    for (const [sliceName, slice] of applied)
      await client.patch(sliceKind, { name: sliceName, namespace }, slice, options);
    for (const sliceName of removed) await client.delete(sliceKind, { name: sliceName, namespace }, { signal });
  }

  async #proxy(short: string): Promise<void> {
    const { layout, exec, logger, form } = this.#deps;
    const node = layout.nodes.find((one) => one.short === short);
    if (node === undefined) return;
    const { podNetwork, serviceNetwork } = network;
    const after = servedPorts(this.#services.list(), this.#slices.list());
    const before = this.#applied.get(short);
    if (isEqual(before, after)) return;
    this.#applied.delete(short);
    const inside = (argv: readonly string[], input = ''): Promise<string> =>
      must(exec, 'ip', ['netns', 'exec', nodeNamespace(layout, short), ...argv], { input });
    await writers[form](inside, { name: node.name, ip: node.ip, podNetwork, serviceNetwork }, { before, after });
    this.#applied.set(short, after);
    logger.info({ node: node.name, ports: after.length }, 'the service proxy has its rules');
  }
}

/** Runs until the signal aborts. */
export async function runServices(deps: ServicesDeps, signal: AbortSignal): Promise<void> {
  await new Services(deps, signal).run();
}
