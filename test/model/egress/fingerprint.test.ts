/** Two readers have the same fingerprint exactly if what they read says the same of egress IPs. */
import fc from 'fast-check';
import { fingerprintOf, textOfAbsent, textOfHost, textOfNamespace } from '../../../src/model/egress/fingerprint.ts';
import type { EgressInput } from '../../../src/model/egress/state.ts';
import { rounds } from '../../rounds.ts';
import { hostSubnet, netNamespace } from '../parsed.ts';
import { operation, Store } from './operations.ts';

const said = ({ hostSubnets, absent = [], netNamespaces }: EgressInput): readonly string[] =>
  [...hostSubnets.map(textOfHost), ...absent.map(textOfAbsent), ...netNamespaces.map(textOfNamespace)]
    .filter((text) => text !== undefined)
    .sort();

test('it differs exactly when what the objects say differs', () => {
  const store = (operations: readonly Parameters<Store['apply']>[0][]): EgressInput => {
    const made = new Store();
    for (const one of operations) made.apply(one);
    return made.input();
  };
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
      const input = store(operations);
      const text = JSON.stringify(said(input));
      const print = fingerprintOf(input);
      expect(print).toMatch(/^[0-9a-f]{16}$/);
      expect(seen.get(print) ?? text).toBe(text);
      seen.set(print, text);
    }),
    { numRuns: rounds(5000) },
  );
  expect(new Set(seen.values()).size).toBe(seen.size);
});

const base = (): EgressInput => ({
  hostSubnets: [hostSubnet('a', { egressIPs: ['10.0.0.1', '10.0.0.2'] }), hostSubnet('b', { hostIP: '192.168.7.12' })],
  netNamespaces: [netNamespace('red', 42, ['10.0.0.1']), netNamespace('quiet', 43)],
  offline: new Set(),
});

test('nothing but egress IPs, who asks for them and who lists them is in it', () => {
  const print = fingerprintOf(base());
  const { hostSubnets, netNamespaces } = base();
  const same: readonly Partial<EgressInput>[] = [
    { hostSubnets: hostSubnets.slice(0, 1) },
    { netNamespaces: netNamespaces.slice(0, 1) },
    { netNamespaces: [netNamespace('red', 42, ['10.0.0.1']), netNamespace('quiet', 44)] },
  ];
  for (const one of same) expect(fingerprintOf({ ...base(), ...one })).toBe(print);
  const other: readonly Partial<EgressInput>[] = [
    { netNamespaces: [netNamespace('red', 41, ['10.0.0.1'])] },
    { netNamespaces: [netNamespace('blue', 42, ['10.0.0.1'])] },
    { netNamespaces: [netNamespace('red', 42, ['10.0.0.1', 'x'])] },
    { hostSubnets: [hostSubnet('a', { egressIPs: ['10.0.0.2', '10.0.0.1'] })] },
    { hostSubnets: [hostSubnet('a', { hostIP: '192.168.7.13', egressIPs: ['10.0.0.1', '10.0.0.2'] })] },
  ];
  for (const one of other) expect(fingerprintOf({ ...base(), ...one })).not.toBe(print);
});
