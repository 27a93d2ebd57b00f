/** What is read of a Node's status, whatever its shape. */
import { hostIPOf, internalIPs, isNotReady, isPluginAway } from '../../../src/model/objects/node.ts';
import type { Condition, KubeObject } from '../../../src/model/objects/raw.ts';

const nodeWith = (status: object): KubeObject => {
  const node = { metadata: { name: 'worker0' }, status };
  return node;
};

test.each<readonly [string, object, string | undefined]>([
  ['no addresses', {}, undefined],
  ['addresses that are no list', { addresses: 'x' }, undefined],
  ['other types only', { addresses: [{ type: 'Hostname', address: '192.168.7.1' }] }, undefined],
  [
    'another type first',
    {
      addresses: [
        { type: 'ExternalIP', address: '203.0.113.1' },
        { type: 'InternalIP', address: '192.168.7.11' },
      ],
    },
    '192.168.7.11',
  ],
  ['an address that is none, and one that is', { addresses: ['192.168.7.1', 'x'].map(internal) }, '192.168.7.1'],
  ['one that is none first', { addresses: ['x', '192.168.7.2'].map(internal) }, '192.168.7.2'],
  ['two', { addresses: ['192.168.7.1', '192.168.7.2'].map(internal) }, '192.168.7.1'],
  ['an address that is no text', { addresses: [{ type: 'InternalIP', address: 7 }, null] }, undefined],
])('the InternalIP of a Node with %s', (_what, status, ip) => {
  expect(internalIPs(nodeWith(status))[0]).toBe(ip);
});

function internal(address: string): object {
  return { type: 'InternalIP', address };
}

test('the address of a HostSubnet stays while its Node has it, and is no egress IP when it is chosen', () => {
  const node = (...addresses: readonly string[]): KubeObject => nodeWith({ addresses: addresses.map(internal) });
  const isEgressIP = (ip: string): boolean => ip === '192.168.7.222';
  const chosen = (present: string | undefined, ...addresses: readonly string[]): string | undefined =>
    hostIPOf(node(...addresses), present, isEgressIP);
  expect(chosen(undefined, '192.168.7.222', '192.168.7.12')).toBe('192.168.7.12');
  expect(chosen('192.168.7.12', '192.168.7.222', '192.168.7.12')).toBe('192.168.7.12');
  expect(chosen('192.168.7.13', '192.168.7.12', '192.168.7.13')).toBe('192.168.7.13');
  expect(chosen('192.168.7.13', '192.168.7.12')).toBe('192.168.7.12');
  expect(chosen('192.168.7.12', '192.168.7.222')).toBeUndefined();
  expect(chosen(undefined, 'fd00::5', '192.168.7.12')).toBe('192.168.7.12');
});

test('a Node without a status has no InternalIP and is not "not Ready"', () => {
  expect(internalIPs({ metadata: { name: 'n' } })).toEqual([]);
  expect(isNotReady({ metadata: { name: 'n' } })).toBe(false);
});

test.each<readonly [readonly Condition[], boolean]>([
  [[], false],
  [[{ type: 'Ready', status: 'True' }], false],
  [[{ type: 'Ready', status: 'Unknown' }], false],
  [[{ type: 'Ready', status: 'False' }], true],
  [[{ type: 'DiskPressure', status: 'False' }], false],
  [
    [
      { type: 'DiskPressure', status: 'False' },
      { type: 'Ready', status: 'True' },
    ],
    false,
  ],
  [
    [
      { type: 'DiskPressure', status: 'True' },
      { type: 'Ready', status: 'False' },
    ],
    true,
  ],
])('a Node with the conditions %j is not Ready: %s', (conditions, notReady) => {
  expect(isNotReady({ metadata: { name: 'n' }, status: { conditions } })).toBe(notReady);
});

const pluginMessage =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: connect ENOENT';

test.each([
  [pluginMessage, true],
  [pluginMessage.replace('container ', ''), true],
  [`[${pluginMessage}, PLEG is not healthy: pleg was last seen active 5m0s ago]`, false],
  [pluginMessage.replace('NetworkPluginNotReady', 'NetworkNotReady'), false],
  ['PLEG is not healthy', false],
  ['', false],
])('a Node that is not Ready with the message %j waits for its network plugin alone: %s', (message, isAway) => {
  const conditions: readonly Condition[] = [{ type: 'Ready', status: 'False', message }];
  const node = { metadata: { name: 'n' }, status: { conditions } };
  expect(isPluginAway(node)).toBe(isAway);
  expect(isNotReady(node)).toBe(!isAway);
});

test('a Node that is Ready has no plugin that is away, whatever its message was', () => {
  const conditions: readonly Condition[] = [{ type: 'Ready', status: 'True', message: pluginMessage }];
  expect(isPluginAway({ metadata: { name: 'n' }, status: { conditions } })).toBe(false);
});
