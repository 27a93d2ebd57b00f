import fc from 'fast-check';
import { hostDevice, isHostDevice } from '../../../src/node/links/veth.ts';

it('names the interface of a sandbox always alike, in a name that the kernel accepts', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      const name = hostDevice(one);
      expect(name.length).toBeLessThanOrEqual(15);
      expect(isHostDevice(name)).toBe(true);
      expect(hostDevice(one)).toBe(name);
      expect(hostDevice(other) === name).toBe(one === other);
    }),
  );
});

it('stays the same from release to release: bridges outlive the agent', () => {
  expect(hostDevice('s1')).toBe('vethe8bc163c82');
});

test.each([
  'veth',
  'veth012345678',
  'veth01234567890',
  'veth012345678g',
  'xveth0123456789',
  'VETH0123456789',
  'tun0',
  'veth0123456789\n',
])('%j is no name of ours', (name) => {
  expect(isHostDevice(name)).toBe(false);
});
