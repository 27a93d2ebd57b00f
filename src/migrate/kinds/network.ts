/** The configuration of a cluster's network, by its operator, as the migrator reads it. */
import type { KubeObject } from '../../model/objects/raw.ts';
import { fieldOf, isRecord } from '../../model/values/json.ts';
import { booleanAt, type Item, itemOf, listAt, numberAt, textAt, writtenAt } from './item.ts';

/** Network.operator.openshift.io: what the admin asks of the network operator. */
export interface NetworkOperatorItem extends Item {
  /** Networks inside OVN-Kubernetes that differ from its defaults; empty if not set. */
  readonly internal: Readonly<Record<'join' | 'transit' | 'masquerade', string>>;
  /** spec.migration.mtu.network.to, spec.migration.mtu.machine.to and that of ovnKubernetesConfig. */
  readonly mtu: Readonly<Record<'migration' | 'machine' | 'ovn', number | undefined>>;
  readonly hasHybridOverlay: boolean;
  /** UDP port of OVN-Kubernetes' tunnels; undefined if not set. */
  readonly genevePort: number | undefined;
  /** Whether pods' traffic to the outside goes by the routes of their node; undefined if not set, which means no. */
  readonly routingViaHost: boolean | undefined;
  /** spec.migration; undefined if it is not set. */
  readonly migration: MigrationItem | undefined;
  /** When spec.migration.networkType was written, in milliseconds; undefined if that is not shown. */
  readonly migrationSince: number | undefined;
  /** The mode of OpenShift SDN: `Multitenant`, `NetworkPolicy`, `Subnet`; empty if not set. */
  readonly sdnMode: string;
}

/** The features whose objects the vendor's converter translates, unless they are set to false. */
export const convertedFeatures = ['egressIP', 'egressFirewall', 'multicast'] as const;

/** spec.migration of the network operator. */
export interface MigrationItem {
  /** Empty if not set. */
  readonly networkType: string;
  /** `Live`, `Offline` or empty. */
  readonly mode: string;
  readonly hasMTU: boolean;
  /** Features that the vendor's converter translates: those that are not set to false. */
  readonly converts: readonly string[];
}

function migrationItem(object: KubeObject): MigrationItem | undefined {
  const found = fieldOf(object, 'spec', 'migration');
  if (!isRecord(found)) return undefined;
  return {
    networkType: textAt(found, 'networkType'),
    mode: textAt(found, 'mode'),
    hasMTU: fieldOf(found, 'mtu') !== undefined,
    converts: convertedFeatures.filter((feature) => fieldOf(found, 'features', feature) !== false),
  };
}

const ovn = ['spec', 'defaultNetwork', 'ovnKubernetesConfig'] as const;
const migration = ['spec', 'migration', 'mtu'] as const;

/** The plugin that a ClusterNetwork names; empty if it names none. */
export function pluginNameOf(object: KubeObject): string {
  return textAt(object, 'pluginName');
}

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
    genevePort: numberAt(object, ...ovn, 'genevePort'),
    routingViaHost: booleanAt(object, ...ovn, 'gatewayConfig', 'routingViaHost'),
    migration: migrationItem(object),
    migrationSince: writtenAt(object, 'spec', 'migration', 'networkType'),
    sdnMode: textAt(object, 'spec', 'defaultNetwork', 'openshiftSDNConfig', 'mode'),
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
  /** status.migration.networkType, which the operator sets when it has taken up spec.migration; empty if not set. */
  readonly migratingTo: string;
  /** When spec.networkType and status.migration were written, in milliseconds; undefined if that is not shown. */
  readonly since: Readonly<Record<'wantedType' | 'migratingTo', number | undefined>>;
  /** Whether the annotation that asks for a live migration is there. */
  readonly isLiveAsked: boolean;
}

/** The annotation that asks for a live migration. */
export const liveAnnotation = 'network.openshift.io/network-type-migration';

/** Reads a Network.config.openshift.io. */
export function networkConfigItem(object: KubeObject): NetworkConfigItem {
  return {
    ...itemOf(object),
    wantedType: textAt(object, 'spec', 'networkType'),
    type: textAt(object, 'status', 'networkType'),
    conditions: conditionsOf(object),
    migratingTo: textAt(object, 'status', 'migration', 'networkType'),
    since: {
      wantedType: writtenAt(object, 'spec', 'networkType'),
      migratingTo: writtenAt(object, 'status', 'migration', 'networkType'),
    },
    isLiveAsked: object.metadata.annotations?.[liveAnnotation] !== undefined,
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
