/** What our annotations say, and that one which cannot be read says nothing. */
import {
  destinationText,
  excludedAnnotation,
  isTo,
  mostEntries,
  parseDestination,
  problemText,
  readExcluded,
  readRules,
  ruleAnnotations,
} from '../../../src/model/objects/egressrules.ts';
import { ip, netNamespace } from '../parsed.ts';

const { destinations, except, destinationIPs } = ruleAnnotations;
const read = (annotations: Readonly<Record<string, string>>) => readRules(annotations);

test.each([
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['10.1.2.3', '10.1.2.3/32'],
  ['tcp:443', 'tcp:443'],
  ['udp:5060-5070', 'udp:5060-5070'],
  ['tcp:10.0.0.0/8', 'tcp:10.0.0.0/8'],
  ['tcp:10.1.2.3:443', 'tcp:10.1.2.3/32:443'],
  ['udp:0.0.0.0/0:53', 'udp:53'],
  ['tcp:0.0.0.0/0', 'tcp:0.0.0.0/0'],
])('%s is read as %s', (text, shown) => {
  const parsed = parseDestination(text);
  expect(parsed.ok && destinationText(parsed.value)).toBe(shown);
  const again = parseDestination(shown);
  expect(again).toEqual(parsed);
});

test.each([
  '10.0.0.5/8',
  '10.0.0.0/33',
  'fe80::1',
  'sctp:443',
  'TCP:443',
  'tcp:0',
  'tcp:65536',
  'tcp:0443',
  'tcp:20-10',
  'tcp:',
  'tcp:10.0.0.0/8:',
  'tcp:10.0.0.0/8:1:2',
  'example.com',
  ':443',
])('%s is no destination', (text) => {
  expect(parseDestination(text).ok).toBe(false);
  const { rules, problems } = read({ [destinations]: `10.0.0.0/8,${text}` });
  expect(rules).toBeUndefined();
  expect(problems).toHaveLength(1);
  expect(problemText(problems[0]!)).toContain(`annotation ${destinations} is "10.0.0.0/8,${text}"`);
});

test('entries have commas or white space between, and none is a problem', () => {
  const texts = (value: string) => read({ [destinations]: value }).rules?.destinations?.map(destinationText);
  expect(texts('10.0.0.0/8, tcp:443\n udp:53,')).toEqual(['10.0.0.0/8', 'tcp:443', 'udp:53']);
  expect([texts(''), texts(' , ')]).toEqual([undefined, undefined]);
  expect(read({ [destinations]: '' }).problems[0]?.reason).toBe('it has no entry');
  const many = Array.from({ length: mostEntries + 1 }, (_, index) => `tcp:${index + 1}`);
  expect(texts(many.join())).toBeUndefined();
  expect(texts(many.slice(1).join())).toHaveLength(mostEntries);
});

test('an annotation that cannot be read takes nothing from the others', () => {
  const { rules, problems } = read({
    [destinations]: 'bogus',
    [except]: '10.0.0.0/8',
    [destinationIPs]: '10.1.0.0/16=192.168.8.1,10.1.2.0/24=192.168.8.2',
  });
  expect(rules?.destinations).toBeUndefined();
  expect(rules?.except.map(destinationText)).toEqual(['10.0.0.0/8']);
  expect(rules?.destinationIPs.map(({ cidr, egressIP }) => [cidr.text, egressIP])).toEqual([
    ['10.1.2.0/24', '192.168.8.2'],
    ['10.1.0.0/16', '192.168.8.1'],
  ]);
  expect(problems.map(({ annotation }) => annotation)).toEqual([destinations]);
});

test.each([
  '10.0.0.0/8',
  '10.0.0.0/8=',
  '10.0.0.0/8=fe80::1',
  '=192.168.8.1',
  '10.0.0.0/8=192.168.8.1=192.168.8.2',
  '10.0.0.0/8=192.168.8.1,10.0.0.0/8=192.168.8.2',
])('%s is no pair', (text) => {
  expect(read({ [destinationIPs]: text })).toMatchObject({ rules: undefined, problems: [{ value: text }] });
});

test('the ClusterNetwork excludes networks, or none if they cannot be read', () => {
  const texts = (value: string) => readExcluded({ [excludedAnnotation]: value }).excluded.map(({ text }) => text);
  expect(texts('10.0.0.0/8,192.0.2.1')).toEqual(['10.0.0.0/8', '192.0.2.1/32']);
  expect(texts('10.0.0.0/8,tcp:443')).toEqual([]);
  expect(readExcluded({ [excludedAnnotation]: 'x' }).problem?.reason).toBe('"x" is no address and no CIDR');
  expect(readExcluded({})).toEqual({ excluded: [], problem: undefined });
});

test('a NetNamespace without the annotations has nothing of them', () => {
  expect(Object.keys(netNamespace('one', 42))).not.toEqual(expect.arrayContaining(['rules']));
  const both = netNamespace('one', 42, [], { [destinations]: '10.0.0.0/8', [except]: '!' });
  expect([both.rules?.destinations?.length, both.ruleProblems?.length]).toEqual([1, 1]);
});

test('a packet without ports goes to no ports', () => {
  const parsed = parseDestination('tcp:443');
  if (!parsed.ok) throw new Error(parsed.error);
  const to = { destination: ip('10.0.0.1'), protocol: 'tcp' };
  expect(isTo(parsed.value, { ...to, port: 443 })).toBe(true);
  expect(isTo(parsed.value, { ...to, port: 444 })).toBe(false);
  expect(isTo(parsed.value, { ...to, port: undefined })).toBe(false);
  expect(isTo(parsed.value, { ...to, protocol: 'udp', port: 443 })).toBe(false);
});

test('pods are selected as kubectl does it; an empty selector is none', () => {
  const { podSelector } = ruleAnnotations;
  const { rules, problems } = read({ [podSelector]: 'app=web,tier in (a, b),!legacy' });
  expect(problems).toEqual([]);
  expect(rules).toMatchObject({ destinations: undefined, except: [], destinationIPs: [] });
  expect(rules?.podSelector?.matchExpressions).toEqual([
    { key: 'app', operator: 'In', values: ['web'] },
    { key: 'tier', operator: 'In', values: ['a', 'b'] },
    { key: 'legacy', operator: 'DoesNotExist' },
  ]);
  for (const text of ['', ' ', 'app=web,', 'app>1', Array.from({ length: 101 }, (_, index) => `a${index}`).join()])
    expect(read({ [podSelector]: text })).toMatchObject({ rules: undefined, problems: [{ annotation: podSelector }] });
  expect(read({ [destinations]: 'tcp:443' }).rules).not.toHaveProperty('podSelector');
});
