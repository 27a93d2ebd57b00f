import { converterOn } from '../../../src/migrate/findings/obstacles.ts';

it('blocks if the converter may run at any moment', () => {
  expect(converterOn({ features: ['egressIP', 'multicast'], isOn: true })).toMatchObject({
    severity: 'blocker',
    today:
      'spec.migration.features of Network.operator does not set egressIP, multicast to false, and spec.migration.networkType is OVNKubernetes.',
  });
  expect(converterOn({ features: ['egressIP'], isOn: false })).toMatchObject({
    severity: 'warning',
    today: 'spec.migration.features of Network.operator does not set egressIP to false.',
  });
});
