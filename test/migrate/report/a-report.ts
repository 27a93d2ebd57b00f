/** A report with one of everything, in which names from the cluster try to be markup. */
import type { Report } from '../../../src/migrate/report/content.ts';

export const report: Report = {
  target: 'ovn',
  words: { title: 'A migration', between: 'Between <them>:', assigned: 'Will assign' },
  options: [['prefix', 'a|b']],
  incomplete: ['pods: <forbidden>'],
  counts: '1 blocker, 0 warnings, 1 info',
  steps: [
    { name: 'label-nodes', description: 'Label.', changes: '1 to apply' },
    { name: 'switch', description: 'You switch.', changes: 'none' },
  ],
  sections: [
    {
      severity: 'blocker',
      code: 'ObjectExists',
      count: 3,
      findings: [
        {
          severity: 'blocker',
          code: 'ObjectExists',
          kind: 'Node',
          name: '<b>*x*',
          today: 'a',
          tomorrow: 'b',
          action: 'c',
        },
      ],
    },
    { severity: 'info', code: 'PinningLost', count: 0, findings: [] },
  ],
  placement: [{ egressIP: '192.168.7.101', today: 'n1', allowed: 'n1, n2' }],
  placementCount: 5,
  assigned: '1 of 5',
  addresses: [
    { mode: 'offline', head: ['Namespace', 'Today'], rows: { shown: [['shop', 'none']], count: 2 } },
    { mode: 'live', head: ['Namespace', 'Today'], rows: { shown: [], count: 0 } },
  ],
  losses: { shown: [{ namespace: '', what: 'it', howLong: 'long', code: 'ClusterMTU' }], count: 4 },
  nodeAddresses: ['192.168.7.11', '<i>'],
};

/** A report in which there is nothing to show. */
export const bare: Report = {
  ...report,
  options: [],
  incomplete: [],
  sections: [],
  placement: [],
  placementCount: 0,
  assigned: '',
  addresses: undefined,
  losses: { shown: [], count: 0 },
  nodeAddresses: [],
};
