/** The fixed words of both reports, whatever the target. */
export const headings = {
  incomplete: 'The input was incomplete, and so is this plan:',
  steps: 'Steps',
  between: 'Between the two plugins',
  addresses: 'Source addresses by namespace',
  anyNode:
    '"any node" stands for the addresses above, "none" for traffic that is dropped. Namespaces that are not here leave with the addresses of nodes throughout.',
  losses: 'What namespaces lose, and for how long',
  noLosses: 'Nothing that this plan knows of.',
  everyNamespace: 'all',
  findings: 'Findings',
  placement: 'Egress IPs',
  noPlacement: 'No egress IP is requested that could be assigned.',
} as const;
