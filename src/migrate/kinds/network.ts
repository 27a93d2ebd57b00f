/** The configuration of a cluster's network, by its operator, as the migrator reads it. */
import { fieldOf } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import { type Item, itemOf, numberAt, textAt } from './item.ts';

/** Network.operator.openshift.io: what the admin asks of the network operator. */
export interface NetworkOperatorItem extends Item {
  /** Networks inside OVN-Kubernetes that differ from its defaults; empty if not set. */
  readonly internal: Readonly<Record<'join' | 'transit' | 'masquerade', string>>;
  /** spec.migration.mtu.network.to, spec.migration.mtu.machine.to and that of ovnKubernetesConfig. */
  readonly mtu: Readonly<Record<'migration' | 'machine' | 'ovn', number | undefined>>;
  readonly hasHybridOverlay: boolean;
}

const ovn = ['spec', 'defaultNetwork', 'ovnKubernetesConfig'] as const;
const migration = ['spec', 'migration', 'mtu'] as const;

/** Reads a Network.operator.openshift.io. */
export function networkOperatorItem(object: KubeObject): NetworkOperatorItem {
  const join = textAt(object, ...ovn, 'ipv4', 'internalJoinSubnet');
  return {
    ...itemOf(object),
    internal: {
      // releases before 4.16 name it otherwise
      join: join === '' ? textAt(object, ...ovn, 'v4InternalSubnet') : join,
      transit: textAt(object, ...ovn, 'ipv4', 'internalTransitSwitchSubnet'),
      masquerade: textAt(object, ...ovn, 'gatewayConfig', 'ipv4', 'internalMasqueradeSubnet'),
    },
    mtu: {
      migration: numberAt(object, ...migration, 'network', 'to'),
      machine: numberAt(object, ...migration, 'machine', 'to'),
      ovn: numberAt(object, ...ovn, 'mtu'),
    },
    hasHybridOverlay: fieldOf(object, ...ovn, 'hybridOverlayConfig') !== undefined,
  };
}

/** Infrastructure.config.openshift.io. */
export interface InfrastructureItem extends Item {
  /** `External` if another cluster hosts the control plane. */
  readonly controlPlaneTopology: string;
}

/** Reads an Infrastructure. */
export function infrastructureItem(object: KubeObject): InfrastructureItem {
  return { ...itemOf(object), controlPlaneTopology: textAt(object, 'status', 'controlPlaneTopology') };
}
