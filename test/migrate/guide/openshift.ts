/**
 * Small CRDs of OpenShift's own kinds, with the rules that a procedure could break, and the vendor's own where they lie
 * beside the checkout.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import {
  clusterVersions,
  daemonSets,
  infrastructures,
  type Kind,
  machineConfigPools,
  networkConfigs,
  networkOperators,
} from '../../../api/kinds.ts';
import { definitionOf, open } from '../../../src/lab/ovn/definitions.ts';
import { clusterCRDs } from '../crds.ts';

const text = { type: 'string' };
const number = { type: 'integer' };
const onOff = { type: 'boolean', default: true };
const mtu = { type: 'object', properties: { from: number, to: number } };

/** In words of a schema: mtu beside a type is only for mode Live. */
const mtuRule = {
  anyOf: [
    { not: { required: ['mtu'] } },
    { not: { required: ['networkType'] } },
    { properties: { networkType: { enum: [''] } } },
    { required: ['mode'], properties: { mode: { enum: ['Live'] } } },
  ],
};

function operatorSpec(minor: number): object {
  const migration = {
    type: 'object',
    properties: {
      networkType: text,
      mtu: { type: 'object', properties: { network: mtu, machine: mtu } },
      features: { type: 'object', properties: { egressIP: onOff, egressFirewall: onOff, multicast: onOff } },
      ...(minor >= 15 ? { mode: { type: 'string', enum: ['Live', 'Offline', ''] } } : {}),
    },
    ...(minor >= 16 ? mtuRule : {}),
  };
  return {
    type: 'object',
    properties: {
      migration,
      defaultNetwork: open,
      managementState: text,
      clusterNetwork: { type: 'array', items: open },
    },
  };
}

const configSpec = {
  type: 'object',
  properties: { networkType: text, clusterNetwork: { type: 'array', items: open } },
};

/** The two kinds called Network, as the release has them, in our words. */
export function networkCRDs(minor: number): readonly object[] {
  return [definitionOf(networkConfigs, configSpec), definitionOf(networkOperators, operatorSpec(minor))];
}

/** The other kinds that the guide reads and this project's server does not have. */
export const beside: readonly object[] = [
  ...[clusterVersions, infrastructures, machineConfigPools, daemonSets].map((kind) => definitionOf(kind, open)),
  ...clusterCRDs.filter((one) => !isOf(one, networkConfigs)),
];

function isOf(one: object, { kind, group }: Kind): boolean {
  const { spec } = one as { readonly spec: { readonly group: string; readonly names: { readonly kind: string } } };
  return spec.names.kind === kind && spec.group === group;
}

const folder = join(import.meta.dirname, '../../../../shared/crds/openshift-4.16');
const files = ['0000_10_config-operator_01_networks.crd.yaml', '0000_70_network_01_networks.crd.yaml'];

/** Whether the vendor's own CRDs lie beside the checkout. */
export const hasVendors = files.every((file) => existsSync(join(folder, file)));

const celOfMTU =
  '!has(self.mtu) || !has(self.networkType) || self.networkType == "" || has(self.mode) && self.mode == \'Live\'';

/**
 * The vendor's CRDs of 4.16. The embedded server knows no CEL: the rule about the MTU is given in words of a schema.
 */
export function vendorsCRDs(): readonly object[] {
  return files.map((file) => withoutCEL(load(readFileSync(join(folder, file), 'utf8'))) as object);
}

function withoutCEL(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCEL);
  if (typeof value !== 'object' || value === null) return value;
  const { 'x-kubernetes-validations': rules = [], ...rest } = value as Record<string, unknown>;
  const isAboutMTU = (rules as readonly { readonly rule: string }[]).some(({ rule }) => rule === celOfMTU);
  const kept = Object.fromEntries(Object.entries(rest).map(([key, part]) => [key, withoutCEL(part)]));
  return isAboutMTU ? { ...kept, ...mtuRule } : kept;
}
