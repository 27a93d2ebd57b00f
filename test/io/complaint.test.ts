import { Complaint } from '../../src/io/complaint.ts';
import { logged } from '../logged.ts';

test('what fails for hours is said once in half an hour, another reason once in a minute, and the end', () => {
  let now = 0;
  const { logger, lines } = logged();
  logger.level = 'info';
  const complaint = new Complaint({ logger, failing: 'it fails', over: 'it works', now: () => now });
  complaint.succeeded();
  expect(lines).toEqual([]);
  const during = (minutes: number, reason: (attempt: number) => string): string[] => {
    const before = lines.length;
    for (let attempt = 0; attempt < minutes * 12; attempt += 1) {
      complaint.failed(new Error(reason(attempt)));
      now += 5_000;
    }
    return lines.slice(before);
  };
  expect(during(29, () => 'refused')).toEqual(['it fails: refused']);
  expect(during(2, () => 'refused')).toEqual(['it fails: refused']);
  expect(during(1, () => 'timeout')).toEqual(['it fails: timeout']);
  expect(during(3, (attempt) => `reset ${attempt % 2}`)).toHaveLength(3);
  const before = lines.length;
  complaint.succeeded();
  complaint.succeeded();
  complaint.failed('refused');
  expect(lines.slice(before)).toEqual(['it works', 'it fails: refused']);
});

test('it is one line without a stack', () => {
  const { logger } = logged();
  const warned: unknown[] = [];
  logger.warn = (...all: unknown[]) => void warned.push(all);
  new Complaint({ logger, failing: 'it fails' }).failed(new Error('no'), { failures: 3 });
  expect(warned).toEqual([[{ failures: 3, reason: 'no' }, 'it fails']]);
});
