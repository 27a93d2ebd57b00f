import { PolicyLog } from '../../../src/node/cluster/policy-log.ts';
import { logged } from '../../logged.ts';

const note = (name: string, message: string) => ({ namespace: 'red', name, message });

it('tells each problem once while it persists, and again when it has come back', () => {
  const { logger, lines } = logged();
  const log = new PolicyLog(logger, 'a policy is wrong');
  const [one, two] = [note('a', 'no range'), note('b', 'no port')];
  log.log([one]);
  log.log([{ ...one }]);
  log.log([one, two]);
  log.log([two]);
  log.log([one, two]);
  expect(lines).toEqual(['no range', 'no port', 'no range'].map((reason) => `a policy is wrong: ${reason}`));
});

it('tells a problem once that is in a list twice, and each of two policies', () => {
  const { logger, lines } = logged();
  new PolicyLog(logger, 'wrong').log([note('a', 'x'), note('a', 'x'), note('b', 'x'), note('a', 'y')]);
  expect(lines).toEqual(['wrong: x', 'wrong: x', 'wrong: y']);
});
