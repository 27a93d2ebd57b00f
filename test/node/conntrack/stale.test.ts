/** Which connections must end. */
import { readRules } from '../../../src/model/objects/egressrules.ts';
import { ourAnnotations } from '../../../src/model/objects/well-known.ts';
import type { Ip } from '../../../src/model/values/address.ts';
import { type Connection } from '../../../src/node/conntrack/connection.ts';
import { judge, type RestrictedPod } from '../../../src/node/conntrack/stale.ts';
import { ctMark, unasked } from '../../../src/node/ovs/pipeline.ts';
import { ip } from '../states.ts';
import {
  blue,
  blueIP,
  connection,
  nodeIP,
  ownership,
  peer,
  plain,
  red,
  redIP,
  toRed,
  wasBlue,
  wasRed,
} from './connections.ts';

test.each<readonly [string, Connection, boolean]>([
  ['of red with its egress IP', connection('10.254.0.2', redIP, red), false],
  ['of red on another node with its egress IP here', connection('10.254.1.9', redIP, red), false],
  ['of red with an address that it gave back', connection('10.254.0.2', blueIP, red), true],
  ['of red from before it asked', connection('10.254.0.2', nodeIP, wasRed), true],
  ['of blue from before it asked', connection('10.254.0.3', nodeIP, wasBlue), true],
  ['of blue, whose egress IP moved away from here', connection('10.254.0.3', blueIP, blue), true],
  ['of blue on another node, whose egress IP moved away from here', connection('10.254.1.9', blueIP, blue), true],
  ['of a pod that left red', connection('10.254.0.4', redIP, red), true],
  ['of a pod that left red for blue', connection('10.254.0.3', redIP, red), true],
  ['of a pod that asks for nothing', connection('10.254.0.4', nodeIP, plain), false],
  ['of a pod that asks for nothing, with an egress IP', connection('10.254.0.4', redIP, plain), true],
  [
    'of a pod that asks for nothing, with an address that is not here any more',
    connection('10.254.0.4', blueIP, plain),
    true,
  ],
  ['marked by nft', connection('10.254.0.4', nodeIP, ctMark.ended), true],
  ['of red from before it asked, under an older agent', connection('10.254.0.2', nodeIP, unasked.unknown), true],
  ['of red that a program sent elsewhere', connection('10.254.0.2', nodeIP, wasRed, { answerer: '10.1.8.99' }), true],
  ['of red that a program sent to a node', connection('10.254.0.2', nodeIP, wasRed, { answerer: peer }), false],
  [
    'of red to a node, with an egress IP, that a program sent to another',
    connection('10.254.0.2', redIP, red, { answerer: peer }),
    false,
  ],
  [
    'of plain that a program sent to a node, with an egress IP',
    connection('10.254.0.4', redIP, plain, { answerer: peer }),
    true,
  ],
  [
    'of red to a Service on a node',
    connection('10.254.0.2', nodeIP, wasRed, { destination: '172.30.0.1', answerer: peer }),
    false,
  ],
  [
    'of red to a Service whose endpoint is outside',
    connection('10.254.0.2', nodeIP, wasRed, { destination: '172.30.0.1', answerer: '10.1.8.72' }),
    true,
  ],
  [
    'of plain to a Service whose endpoint is outside',
    connection('10.254.0.4', nodeIP, plain, { destination: '172.30.0.1', answerer: '10.1.8.72' }),
    false,
  ],
  ['of plain to its own node', connection('10.254.0.4', ip('10.254.0.4'), plain, { destination: nodeIP }), false],
  ['of red to a pod', connection('10.254.0.2', ip('10.254.0.2'), wasRed, { destination: '10.254.1.9' }), false],
  ['of a pod that is gone', connection('10.254.0.9', nodeIP, plain), true],
  [
    'to a pod from outside',
    connection('10.1.8.72', ip('10.1.8.72'), toRed, { destination: nodeIP, answerer: '10.254.0.2' }),
    false,
  ],
  [
    'to a pod from outside, whose address another VNID has by now',
    connection('10.1.8.72', ip('10.1.8.72'), toRed, { destination: nodeIP, answerer: '10.254.0.4' }),
    true,
  ],
  [
    'to a pod from outside, which is gone',
    connection('10.1.8.72', ip('10.1.8.72'), toRed, { destination: nodeIP, answerer: '10.254.0.9' }),
    true,
  ],
  ['of the node to a pod', connection('10.254.0.1', ip('10.254.0.1'), 0, { destination: '10.254.0.4' }), false],
  ['of the node itself', connection('192.168.7.11', nodeIP, 0), false],
  ['of an older agent, of red with its egress IP', connection('10.254.0.2', redIP, 0), false],
  ['of an older agent, of red with the address of the node', connection('10.254.0.2', nodeIP, 0), true],
  ['of an older agent, of a pod on another node with an egress IP here', connection('10.254.1.9', redIP, 0), false],
  ["of an older agent, with an egress IP that is another node's by now", connection('10.254.1.9', blueIP, 0), true],
  ['of red without source NAT, from when its hop was elsewhere', connection('10.254.0.2', ip('10.254.0.2'), red), true],
  ['of blue without source NAT, on a hop elsewhere', connection('10.254.0.3', ip('10.254.0.3'), blue), false],
  [
    'without source NAT of a pod that asks for nothing any more',
    connection('10.254.0.4', ip('10.254.0.4'), blue),
    true,
  ],
])('a connection %s', (_what, one, stale) => {
  const own = new Set([...ownership.own, ip('10.254.0.1')]);
  expect(judge({ ...ownership, own })(one)).toBe(stale);
});

describe('finer rules', () => {
  const rulesOf = (annotations: Readonly<Record<string, string>>) => {
    const { rules } = readRules(
      Object.fromEntries(Object.entries(annotations).map(([name, text]) => [`${ourAnnotations}${name}`, text])),
    );
    if (rules === undefined) throw new Error('no rules');
    return rules;
  };
  /** Whether a connection of the red pod must end, where its namespace has these rules. */
  const ends = (
    annotations: Readonly<Record<string, string>>,
    translated: Ip,
    mark: number,
    more: Partial<Connection> = {},
    pod: Partial<RestrictedPod> = {},
  ): boolean => {
    const ruled = { ...ownership.restricted.get(ip('10.254.0.2'))!, rules: rulesOf(annotations), ...pod };
    const restricted = new Map([...ownership.restricted, [ip('10.254.0.2'), ruled]]);
    return judge({ ...ownership, restricted })(connection('10.254.0.2', translated, mark, more));
  };
  const covered = { destinations: 'udp:10.1.0.0/16:53' };
  const other = { 'except-destinations': '10.1.8.72' };

  test('what they cover may not go on as the node, and what they do not cover goes on so', () => {
    expect(ends(covered, nodeIP, wasRed)).toBe(true);
    expect(ends(covered, redIP, red)).toBe(false);
    expect(ends(other, nodeIP, wasRed)).toBe(false);
    expect(ends(other, nodeIP, unasked.unknown)).toBe(false);
  });

  test('what they do not cover any more does not go on with the egress IP', () => {
    expect(ends(other, redIP, red)).toBe(true);
    expect(ends(other, nodeIP, red)).toBe(true);
    // a record of Open vSwitch from when it had a hop elsewhere, which gets no source NAT here
    expect(ends(other, ip('10.254.0.2'), red)).toBe(true);
  });

  test('protocol and port of who answers decide', () => {
    expect(ends(covered, nodeIP, wasRed, { protocol: 'tcp' })).toBe(false);
    expect(ends(covered, nodeIP, wasRed, { answererPort: '54' })).toBe(false);
    expect(ends(covered, nodeIP, wasRed, { destinationPort: '54', answererPort: '53' })).toBe(true);
    expect(ends({ destinations: 'tcp:443' }, nodeIP, wasRed, { protocol: 'icmp' })).toBe(false);
  });

  test('a network with an egress IP of its own is reached with no other', () => {
    const here = { 'destination-ips': `10.1.0.0/16=${redIP}` };
    const elsewhere = { 'destination-ips': `10.1.0.0/16=${blueIP}` };
    expect([ends(here, redIP, red), ends(elsewhere, redIP, red)]).toEqual([false, true]);
    expect(ends(elsewhere, redIP, red, { destination: '10.2.0.1' })).toBe(false);
    // by a hop elsewhere: recorded without source NAT
    const untranslated = ip('10.254.0.2');
    expect([ends(here, untranslated, red), ends(elsewhere, untranslated, red)]).toEqual([true, false]);
    expect(ends(here, untranslated, red, {}, { beginsHere: false })).toBe(true);
  });

  test('connections within the cluster know none', () => {
    expect(ends(other, ip('10.254.0.2'), wasRed, { destination: '10.254.0.3' })).toBe(false);
  });
});

describe('while an egress IP drains from here', () => {
  const drains = [blueIP];
  const bluePod: RestrictedPod = { owner: blue, source: undefined, beginsHere: false, drains };
  const draining = {
    ...ownership,
    draining: [{ owner: blue, source: blueIP }],
    hosted: new Set([redIP, blueIP]),
    restricted: new Map([...ownership.restricted, [ip('10.254.0.3'), bluePod]]),
  };
  test.each<readonly [string, Connection, boolean]>([
    ['of its owner go on', connection('10.254.0.3', blueIP, blue), false],
    ['of its owner on another node go on', connection('10.254.1.9', blueIP, blue), false],
    ['of another owner do not', connection('10.254.0.2', blueIP, red), true],
    ['of what asks for nothing do not', connection('10.254.0.4', blueIP, plain), true],
  ])('connections %s', (_, one, isStale) => {
    expect(judge(draining)(one)).toBe(isStale);
  });
});

test('what was given a hop elsewhere goes on while that drains, though new connections begin here', () => {
  const one = connection('10.254.0.2', ip('10.254.0.2'), red);
  expect(judge(ownership)(one)).toBe(true);
  const pod: RestrictedPod = { owner: red, source: redIP, beginsHere: true, drainsElsewhere: true };
  const restricted = new Map([...ownership.restricted, [ip('10.254.0.2'), pod]]);
  expect(judge({ ...ownership, restricted })(one)).toBe(false);
});
