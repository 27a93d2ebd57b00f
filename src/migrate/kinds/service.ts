/** Services as the migrator reads them: which addresses a load balancer gives them. */
import uniq from 'lodash/uniq.js';
import type { KubeObject } from '../../model/objects/raw.ts';
import { type Item, itemOf, listAt, textAt } from './item.ts';

export interface ServiceItem extends Item {
  readonly isLoadBalancer: boolean;
  /** The addresses that it has, and those that it asks for. */
  readonly given: readonly string[];
  readonly asked: readonly string[];
}

/** With which annotations a Service asks load balancers for addresses, several after commas. */
const askingAnnotations = [
  'metallb.io/loadBalancerIPs',
  'metallb.universe.tf/loadBalancerIPs',
  'kube-vip.io/loadbalancerIPs',
  'lbipam.cilium.io/ips',
] as const;

/** Reads a Service. */
export function serviceItem(object: KubeObject): ServiceItem {
  const item = itemOf(object);
  const texts = askingAnnotations.flatMap((key) => (item.annotations[key] ?? '').split(','));
  return {
    ...item,
    isLoadBalancer: textAt(object, 'spec', 'type') === 'LoadBalancer',
    given: listAt(object, 'status', 'loadBalancer', 'ingress')
      .map((one) => textAt(one, 'ip'))
      .filter((ip) => ip !== ''),
    asked: uniq([textAt(object, 'spec', 'loadBalancerIP'), ...texts].map((text) => text.trim())).filter(
      (text) => text !== '',
    ),
  };
}
