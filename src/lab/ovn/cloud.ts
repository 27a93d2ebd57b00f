/**
 * What OVN-Kubernetes does on a cloud, with a cloud network controller that grants everything: an egress IP has a
 * CloudPrivateIPConfig that is Assigned before the status says where it is.
 */
import { cloudPrivateIPConfigs } from '../../../api/kinds.ts';
import { pause } from '../../io/async/pause.ts';
import type { KubeClient } from '../../io/kube/client.ts';
import { isAlreadyExists } from '../../io/kube/error.ts';
import type { KubeObject } from '../../model/objects/raw.ts';
import type { Assignment } from './placement.ts';

interface CloudOptions {
  /** Milliseconds that the cloud takes for an address. */
  readonly delay: number;
  readonly signal: AbortSignal;
}

const controller = 'cloud-network-config-controller';

/** The name of the object for an address: those of IPv6 have dots for colons. */
const nameOf = (ip: string): string => ip.replaceAll(':', '.');

export class Cloud {
  readonly #client: KubeClient;
  readonly #options: CloudOptions;

  constructor(client: KubeClient, options: CloudOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Has the cloud give these addresses to their nodes, and waits until it did. */
  async hold(items: readonly Assignment[]): Promise<void> {
    for (const { egressIP, node } of items) {
      const name = nameOf(egressIP);
      const present = await this.#client.get(cloudPrivateIPConfigs, { name });
      if (present === undefined) await this.#create(name, egressIP, node);
      else await this.#patch(name, { spec: { node } });
      await pause(this.#options.delay, this.#options.signal);
      const conditions = [{ type: 'Assigned', status: 'True', reason: 'CloudResponseSuccess', message: '' }];
      await this.#patch(name, { status: { node, conditions } });
    }
  }

  /** Takes these addresses back. */
  async release(items: readonly Assignment[]): Promise<void> {
    for (const { egressIP } of items) await this.#client.delete(cloudPrivateIPConfigs, { name: nameOf(egressIP) });
  }

  /** Makes the cloud agree with a status that is about to be written. */
  async follow(before: readonly Assignment[], after: readonly Assignment[]): Promise<void> {
    await this.release(before.filter(({ egressIP }) => !after.some((one) => one.egressIP === egressIP)));
    await this.hold(
      after.filter(({ egressIP, node }) => !before.some((one) => one.egressIP === egressIP && one.node === node)),
    );
  }

  async #create(name: string, egressIP: string, node: string): Promise<void> {
    const object: KubeObject & { readonly spec: object } = {
      metadata: { name, annotations: { 'k8s.ovn.org/egressip-owner-ref': egressIP } },
      spec: { node },
    };
    await this.#client.create<KubeObject>(cloudPrivateIPConfigs, object).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }

  async #patch(name: string, body: object): Promise<void> {
    await this.#client.patch(cloudPrivateIPConfigs, { name }, body, { type: 'merge', fieldManager: controller });
  }
}
