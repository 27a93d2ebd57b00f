/** The fixed words of both reports, whatever the target. */
export const headings = {
  incomplete: 'The input was incomplete, and so is this plan:',
  steps: 'Steps',
  between: 'Between the two plugins',
  findings: 'Findings',
  placement: 'Egress IPs',
  noPlacement: 'No egress IP is requested that could be assigned.',
} as const;
