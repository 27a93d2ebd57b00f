import { type HostKind, hostKinds, hostProfile, isHostKind } from '../../../src/lab/hosts/kinds.ts';
import { type LabNode, layoutOf } from '../../../src/lab/layout.ts';

const layout = layoutOf('/nowhere', 'x', { workers: 1, port: 1, pace: 1 });
const node: LabNode = layout.ok ? layout.value.nodes[1]! : (undefined as never);
const kinds = Object.keys(hostKinds).filter(isHostKind);
const tablesOf = (texts: readonly string[]): string[] =>
  texts.flatMap((text) => [...text.matchAll(/^table (\w+ \w+) \{$/gm)].map(([, name]) => name!));

test('plain is as a lab always was, and so is no kind at all', () => {
  const nothing = { sysctls: new Map(), links: [], before: [], after: [], iptables: [], switchConnections: undefined };
  expect(hostProfile([], node)).toEqual(nothing);
  expect(hostProfile(['plain'], node)).toEqual(nothing);
});

test('systemd leaves `all` to the kernel, Red Hat is strict there too', () => {
  const [systemd, rhel] = [hostProfile(['systemd'], node).sysctls, hostProfile(['rhel'], node).sysctls];
  for (const device of ['default', 'lo', 'ens3', 'br-ex']) {
    expect(systemd.get(`net.ipv4.conf.${device}.rp_filter`)).toBe('2');
    expect(rhel.get(`net.ipv4.conf.${device}.rp_filter`)).toBe('1');
    for (const sysctls of [systemd, rhel]) expect(sysctls.get(`net.ipv6.conf.${device}.disable_ipv6`)).toBe('0');
  }
  expect([systemd, rhel].map((sysctls) => sysctls.get('net.ipv4.conf.all.rp_filter'))).toEqual(['0', '1']);
});

test.each(kinds)(
  '%s changes nothing beyond its node: settings of network namespaces, and tables of its own',
  (kind) => {
    const { sysctls, before, after, iptables, switchConnections } = hostProfile([kind], node);
    for (const name of sysctls.keys()) expect(name).toMatch(/^net\.ipv[46]\.conf\.(all|default|lo|ens3|br-ex)\.\w+$/);
    const tables = tablesOf([...before, ...after]);
    expect(new Set(tables).size).toBe(tables.length);
    for (const table of tables) expect(table).toMatch(/^(ip|inet) lab_/);
    for (const text of [...before, ...after, ...iptables]) expect(text).not.toMatch(/flush|sdn_compat/);
    expect(switchConnections ?? 500).toBeGreaterThan(0);
  },
);

test('kinds add up; what two of them set is as the later one has it, and a table of both is there once', () => {
  const order: readonly (readonly [HostKind[], string])[] = [
    [['systemd', 'rhel'], '1'],
    [['rhel', 'systemd'], '2'],
  ];
  for (const [both, strictness] of order)
    expect(hostProfile(both, node).sysctls.get('net.ipv4.conf.br-ex.rp_filter')).toBe(strictness);
  const joined = hostProfile(['firewalled', 'worst', 'proxied-iptables'], node);
  const worst = hostProfile(['worst'], node);
  expect({ ...joined, iptables: [] }).toEqual(worst);
  expect(joined.iptables).toHaveLength(1);
  expect(tablesOf(worst.before)).toEqual([
    'inet lab_firewall',
    'ip lab_marks',
    'ip lab_engine',
    'ip lab_early_engine',
    'ip lab_proxy',
  ]);
});

test('what stands in for IPVS answers with the address of its own node', () => {
  expect(hostProfile(['proxied-ipvs'], node).before.join('')).toContain(`ip saddr set ${node.ip} tcp sport set 30080`);
});

test('a name that is not listed is no kind of host', () => {
  expect(['plain', 'worst', 'Plain', 'toString', ''].map(isHostKind)).toEqual([true, true, false, false, false]);
});
