/** The fixed words of both reports. */
export const headings = {
  title: 'Migration from OpenShift SDN to OVN-Kubernetes',
  incomplete: 'The input was incomplete, and so is this plan:',
  steps: 'Steps',
  between: 'Between the two plugins',
  betweenText:
    'From the switch of the plugin until the EgressIPs are assigned, namespaces with egress IPs leave with nothing at first, then with the address of the node that a pod runs on. Whoever outside lets egress IPs pass must let these addresses pass too, for that time:',
  findings: 'Findings',
  placement: 'Egress IPs',
  assigned: 'OVN-Kubernetes will assign',
  noPlacement: 'No egress IP is requested that could be assigned.',
} as const;
