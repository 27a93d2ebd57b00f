import { verificationTable } from '../../../../src/cli/migrate/run/verify.ts';
import type { Check } from '../../../../src/migrate/target.ts';

const eip = (name: string) => ({ apiVersion: 'k8s.ovn.org/v1', kind: 'EgressIP', name });
const placed: Check = { object: eip('egressip-shop'), part: '192.168.7.101', well: true, node: 'n1', allowed: ['n1'] };
const bad = (name: string, part: string, problem: string): Check => ({ object: eip(name), part, well: false, problem });

test('the table has a row for each egress IP, and for nothing else that is said of an EgressIP', () => {
  const checks = [
    placed,
    bad('egressip-shop', 'namespaces', 'EgressIP foreign selects shop too'),
    bad('foreign', 'plan', 'the plan does not have it'),
    bad('old', 'leftover', 'we made it'),
    bad('gone', '', 'it is not there'),
    bad('egressip-bank', '1.2.3.400', 'it is not assigned'),
    { object: eip('egressip-left'), part: 'skipped', well: true },
  ];
  expect(verificationTable({ well: false, checks }).split('\n')).toEqual([
    expect.stringMatching(/^EGRESSIP +ADDRESS/),
    expect.stringMatching(/^egressip-shop +192\.168\.7\.101 +n1 /),
    expect.stringMatching(/^egressip-bank +1\.2\.3\.400 +- .*NOT WELL$/),
    '',
    'EgressIP egressip-shop namespaces: EgressIP foreign selects shop too',
    'EgressIP foreign plan: the plan does not have it',
    'EgressIP old leftover: we made it',
    'EgressIP gone: it is not there',
    'EgressIP egressip-bank 1.2.3.400: it is not assigned',
    'EgressIP egressip-left was left out',
    '5 of 7 checks are not well',
    '',
  ]);
});
