/** The options of a plan that leads to OVN-Kubernetes: as flags, and as plan.yaml keeps them. */
import type { JsonObject } from '../../../model/values/json.ts';
import { prefixOption, textsOf } from '../../requests/options.ts';
import type { PlanOption } from '../../target.ts';
import { type Concern, concerns } from '../../translation.ts';

export interface TranslateOptions {
  readonly only: readonly Concern[];
  /** Translate only objects of these namespaces; empty means all. */
  readonly namespaces: readonly string[];
  /** Prefix of EgressIP names: `PREFIX-NAMESPACE`. */
  readonly prefix: string;
  /** Add an EgressFirewall that keeps a namespace closed if SDN drops its traffic. */
  readonly keepClosed: boolean;
  /** Put Allow rules for nodes and the API server before a Deny of everything. */
  readonly allowAPIServer: boolean;
  /** Leave rules that deny the nodes and the API server as they are. */
  readonly denyAPIServer: boolean;
  /** Make objects in an order in which the target assigns each egress IP to the node that has it today. */
  readonly keepPlacement: boolean;
  /** CIDRs of the networks of nodes' primary addresses, for inputs that do not show prefix lengths. */
  readonly machineNetworks: readonly string[];
}

/** Those that no other target has. */
export const ownOptions: readonly PlanOption[] = [
  prefixOption,
  {
    key: 'keepClosed',
    flags: '--keep-closed',
    description:
      'where OpenShift SDN drops and OVN-Kubernetes would let traffic leave with a node address, add an EgressFirewall that denies it',
    unset: false,
    changesAddresses: true,
  },
  {
    key: 'allowAPIServer',
    flags: '--allow-api-server',
    description: 'put rules that allow the nodes and the API server before a rule that denies everything',
    unset: false,
  },
  {
    key: 'denyAPIServer',
    flags: '--deny-api-server',
    description: 'leave rules that deny the nodes and the API server as they are, and warn only',
    unset: false,
  },
  {
    key: 'keepPlacement',
    flags: '--no-keep-placement',
    description:
      'label all nodes at once before the switch, and leave it to OVN-Kubernetes to choose the node of each egress IP',
    unset: true,
  },
];

/** The options as JSON. */
export function shownOptions({ only, ...rest }: TranslateOptions): JsonObject {
  return { only: only.toSorted(), ...rest };
}

/** The options; undefined if one is missing or of another type. */
export function readOptions(shown: JsonObject): TranslateOptions | undefined {
  const [only, namespaces, machineNetworks] = ['only', 'namespaces', 'machineNetworks'].map((key) =>
    textsOf(shown[key]),
  );
  // plans of earlier programs have neither denyAPIServer nor keepPlacement
  const { prefix, keepClosed, allowAPIServer, denyAPIServer = false, keepPlacement = false } = shown;
  if (only === undefined || namespaces === undefined || machineNetworks === undefined) return undefined;
  if (typeof prefix !== 'string' || typeof keepClosed !== 'boolean' || typeof allowAPIServer !== 'boolean')
    return undefined;
  if (typeof denyAPIServer !== 'boolean' || typeof keepPlacement !== 'boolean') return undefined;
  const chosen = concerns.filter((concern) => only.includes(concern));
  return {
    only: chosen,
    namespaces,
    prefix,
    keepClosed,
    allowAPIServer,
    denyAPIServer,
    keepPlacement,
    machineNetworks,
  };
}
