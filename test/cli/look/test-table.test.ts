/** Results of a connectivity test as JUnit's XML. */
import { junit, resultTable, type TestResult } from '../../../src/cli/look/test-table.ts';

const one: TestResult = {
  ...{ namespace: 'red', node: 'node1', address: '1.2.3.4', expected: '1.2.3.4', state: 'well', problem: null },
};

test('what a cluster says cannot leave its attribute', () => {
  const text = junit([
    one,
    { ...one, state: 'wrong', problem: '"/><x> & \u001b[31m\u0000' },
    { ...one, node: null, state: 'unknown' },
  ]);
  expect(text).toContain('tests="3" failures="1" errors="1"');
  expect(text).toContain('<failure message="&quot;/&gt;&lt;x&gt; &amp; ?[31m?"/>');
  expect(text).toContain('<error message=""/>');
  expect(text).toContain('name="leaves as 1.2.3.4, from any node"');
});

test('what is not well stands out in the table', () => {
  expect(resultTable([one, { ...one, state: 'wrong', problem: 'why' }])).toBe(
    'NAMESPACE   NODE    LEFT WITH   EXPECTED   STATE   PROBLEM\nred         node1   1.2.3.4     1.2.3.4    well\nred         node1   1.2.3.4     1.2.3.4    WRONG   why\n',
  );
});
