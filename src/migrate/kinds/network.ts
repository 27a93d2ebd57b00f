/** The configuration of a cluster's network, by its operator, as the migrator reads it. */
import { fieldOf } from '../../model/json.ts';
import type { KubeObject } from '../../model/objects.ts';
import { type Item, itemOf, listAt, numberAt, textAt } from './item.ts';

/** Network.operator.openshift.io: what the admin asks of the network operator. */
export interface NetworkOperatorItem extends Item {
  /** Networks inside OVN-Kubernetes that differ from its defaults; empty if not set. */
  readonly internal: Readonly<Record<'join' | 'transit' | 'masquerade', string>>;
  /** spec.migration.mtu.network.to, spec.migration.mtu.machine.to and that of ovnKubernetesConfig. */
  readonly mtu: Readonly<Record<'migration' | 'machine' | 'ovn', number | undefined>>;
  readonly hasHybridOverlay: boolean;
  /** spec.migration.networkType; empty if not set. */
  readonly migratesTo: string;
  /** The features that the vendor's converter converts: all that spec.migration.features does not set to false. */
  readonly converts: readonly string[];
}

const ovn = ['spec', 'defaultNetwork', 'ovnKubernetesConfig'] as const;
const features = ['egressIP', 'egressFirewall', 'multicast'] as const;
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
    migratesTo: textAt(object, 'spec', 'migration', 'networkType'),
    converts: features.filter((name) => fieldOf(object, 'spec', 'migration', 'features', name) !== false),
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

/** A condition of Network.config.openshift.io or of a ClusterOperator. */
export interface ConditionItem {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** Network.config.openshift.io: the plugin that is asked for, and the one that the operator last switched to. */
export interface NetworkConfigItem extends Item {
  /** spec.networkType and status.networkType; empty if not set. */
  readonly wantedType: string;
  readonly type: string;
  readonly conditions: readonly ConditionItem[];
}

/** Reads a Network.config.openshift.io. */
export function networkConfigItem(object: KubeObject): NetworkConfigItem {
  return {
    ...itemOf(object),
    wantedType: textAt(object, 'spec', 'networkType'),
    type: textAt(object, 'status', 'networkType'),
    conditions: conditionsOf(object),
  };
}

/** The conditions in the status of an object. */
export function conditionsOf(object: unknown): readonly ConditionItem[] {
  return listAt(object, 'status', 'conditions').map((one) => ({
    type: textAt(one, 'type'),
    status: textAt(one, 'status'),
    reason: textAt(one, 'reason'),
    message: textAt(one, 'message'),
  }));
}

/** ClusterVersion.config.openshift.io. */
export interface ClusterVersionItem extends Item {
  /** `4.16.3`, the release that the cluster runs or is updated to; empty if it is not shown. */
  readonly version: string;
}

/** Reads a ClusterVersion. */
export function clusterVersionItem(object: KubeObject): ClusterVersionItem {
  return { ...itemOf(object), version: textAt(object, 'status', 'desired', 'version') };
}
