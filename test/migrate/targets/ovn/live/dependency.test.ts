/** What waits for an object that could not be made, and what goes on without it. */
import {
  apiVersionOf,
  cloudPrivateIPConfigs,
  egressFirewalls,
  egressIPs,
  type Kind,
  netNamespaces,
} from '../../../../../api/kinds.ts';
import { type ObjectRef, refNamed } from '../../../../../src/migrate/ref.ts';
import { dependency } from '../../../../../src/migrate/targets/ovn/live/dependency.ts';
import type { Change } from '../../../../../src/migrate/translation.ts';

const ref = (kind: Kind, namespace: string, name: string): ObjectRef => ({ ...refNamed(kind, name), namespace });
const applying = (kind: Kind, from: readonly ObjectRef[] = []): Change => ({
  action: 'apply',
  step: 'egressips',
  object: {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name: 'egressip-shop' },
    ...{ spec: { egressIPs: ['192.168.7.101', '192.168.7.102'] } },
  },
  from,
});

const shop = refNamed(netNamespaces, 'shop');
const egressIP = applying(egressIPs, [shop]);
const address = refNamed(cloudPrivateIPConfigs, '192.168.7.102');
const firewall = ref(egressFirewalls, 'shop', 'default');

test('an EgressIP waits for the cloud to let each of its addresses go', () => {
  expect(dependency(egressIP, [address])).toBe(address);
  expect(dependency(egressIP, [refNamed(cloudPrivateIPConfigs, '192.168.7.103')])).toBeUndefined();
});

test('an EgressIP waits for the EgressFirewall of each namespace that it is made from', () => {
  expect(dependency(egressIP, [firewall])).toBe(firewall);
  expect(dependency(egressIP, [ref(egressFirewalls, 'other', 'default')])).toBeUndefined();
  expect(dependency(applying(egressIPs, [refNamed(egressIPs, 'shop')]), [firewall])).toBeUndefined();
});

test('it waits for nothing that has the name of an address or the namespace of a firewall, and is neither', () => {
  expect(
    dependency(egressIP, [refNamed(egressIPs, '192.168.7.102'), ref(netNamespaces, 'shop', 'default')]),
  ).toBeUndefined();
  expect(dependency(egressIP, [refNamed(egressFirewalls, 'default'), shop])).toBeUndefined();
});

test('the first of the failed objects that it depends on is the one to name', () => {
  expect(dependency(egressIP, [ref(egressFirewalls, 'other', 'default'), firewall, address])).toBe(firewall);
  expect(dependency(egressIP, [address, firewall])).toBe(address);
});

test('nothing else waits: neither an object of another kind nor a removal', () => {
  expect(dependency(applying(egressFirewalls, [shop]), [address, firewall])).toBeUndefined();
  const removal: Change = {
    action: 'delete',
    step: 'egressips',
    object: refNamed(egressIPs, 'egressip-shop'),
    from: [shop],
  };
  expect(dependency(removal, [address, firewall])).toBeUndefined();
});
