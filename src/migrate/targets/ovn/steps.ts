/** The steps of a migration to OVN-Kubernetes, in safe order. */
import type { Step } from '../../target.ts';

export const steps: readonly Step[] = [
  {
    name: 'label-nodes',
    description:
      'Label the nodes that may host egress IPs, and keep their egress CIDRs in an annotation for the way back.',
  },
  {
    name: 'annotate-namespaces',
    description: 'Carry annotations of NetNamespaces, such as multicast, to the Namespaces.',
  },
  {
    name: 'network-policies',
    description: 'Create NetworkPolicies that isolate namespaces as they are isolated today.',
  },
  {
    name: 'switch',
    description:
      'You switch the network plugin. Nothing is written; `apply` stops here until the new plugin runs on every node.',
  },
  { name: 'egress-firewalls', description: 'Create EgressFirewalls.' },
  {
    name: 'release-cloud-addresses',
    description: 'Delete the CloudPrivateIPConfigs of egress IPs and wait until the cloud has released the addresses.',
    deletesOthers: true,
  },
  {
    name: 'keep-placement',
    description:
      'Label the nodes one after the other, those with most egress IPs first, and create the EgressIPs so that each address is assigned to the node that has it today.',
    isPhased: true,
  },
  { name: 'egress-ips', description: 'Create EgressIPs.' },
  { name: 'egress-routers', description: 'Create EgressRouters.' },
  {
    name: 'finalize',
    description: 'Clear what was left alone so far. Only with --finalize, and only when verify is well.',
    deletesOthers: true,
  },
];
