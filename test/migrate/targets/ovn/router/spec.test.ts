import { routerSpec } from '../../../../../src/migrate/targets/ovn/router/spec.ts';
import { err, ok, type Result } from '../../../../../src/model/values/result.ts';

const redirect = {
  EGRESS_SOURCE: '192.168.7.99/24',
  EGRESS_GATEWAY: '192.168.7.1',
  EGRESS_DESTINATION: '203.0.113.25',
};
type Env = Readonly<Record<string, string | undefined>>;
const envOf = (env: Env): ReadonlyMap<string, Result<string>> =>
  new Map(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, ok(value)] as const])));
const spec = (changes: Env, prefixLength?: number) =>
  routerSpec(envOf({ ...redirect, ...changes }), () => prefixLength);
const rules = (text: string) => {
  const found = spec({ EGRESS_DESTINATION: text });
  return found.ok ? found.value.redirect : found.error;
};

it('makes an EgressRouter of source, gateway and destination', () => {
  expect(spec({})).toEqual(
    ok({
      mode: 'Redirect',
      networkInterface: { macvlan: { mode: 'Bridge' } },
      addresses: [{ ip: '192.168.7.99/24', gateway: '192.168.7.1' }],
      redirect: { redirectRules: [], fallbackIP: '203.0.113.25' },
    }),
  );
});

describe('the mode', () => {
  it.each([undefined, '', 'init', 'legacy', 'redirect', ' init '])('redirects if it is %s', (mode) => {
    expect(spec({ EGRESS_ROUTER_MODE: mode }).ok).toBe(true);
  });

  it.each([
    [{ EGRESS_ROUTER_MODE: 'http-proxy' }, "it is an HTTP proxy, and OVN-Kubernetes's egress router only redirects"],
    [{ EGRESS_HTTP_PROXY_DESTINATION: '*' }, "it is an HTTP proxy, and OVN-Kubernetes's egress router only redirects"],
    [{ EGRESS_DNS_PROXY_DESTINATION: '' }, "it is a DNS proxy, and OVN-Kubernetes's egress router only redirects"],
  ])('is another one: %j', (changes, reason) => {
    expect(spec(changes)).toEqual(err(reason));
  });

  it('is not known if its value is elsewhere', () => {
    const env = new Map([...envOf(redirect), ['EGRESS_ROUTER_MODE', err('it is in a Secret')] as const]);
    expect(routerSpec(env, () => 24)).toEqual(err('EGRESS_ROUTER_MODE: it is in a Secret'));
  });
});

describe('the source', () => {
  const source = (text: string, prefixLength?: number) => {
    const found = spec({ EGRESS_SOURCE: text }, prefixLength);
    return found.ok ? found.value.addresses[0].ip : found.error;
  };

  it('keeps its own prefix length, and gets that of the nodes if it has none', () => {
    expect(source(' 192.168.7.99/26 ', 24)).toBe('192.168.7.99/26');
    expect(source('192.168.7.99', 24)).toBe('192.168.7.99/24');
  });

  it('is refused if no network of a node holds it, or if it is no address', () => {
    expect(source('192.168.7.99')).toBe(
      "EGRESS_SOURCE: 192.168.7.99 has no prefix length, and no node's network holds it",
    );
    expect(source('here', 24)).toMatch(/^EGRESS_SOURCE: /);
  });

  it('and the gateway must be there', () => {
    expect(spec({ EGRESS_SOURCE: undefined })).toEqual(err('EGRESS_SOURCE: there is none'));
    expect(spec({ EGRESS_GATEWAY: undefined })).toEqual(err('EGRESS_GATEWAY: there is none'));
    expect(spec({ EGRESS_GATEWAY: 'fe80::1' })).toMatchObject({ ok: false });
    expect(spec({ EGRESS_DESTINATION: undefined })).toEqual(err('EGRESS_DESTINATION: there is none'));
  });
});

describe('the destination', () => {
  it('has rules for ports, one in a line, and comments', () => {
    expect(rules('# web\n80 tcp 203.0.113.25\n\n 8080\tUDP  203.0.113.26 90 # second\n')).toEqual({
      redirectRules: [
        { destinationIP: '203.0.113.25', port: 80, protocol: 'TCP' },
        { destinationIP: '203.0.113.26', port: 8080, protocol: 'UDP', targetPort: 90 },
      ],
    });
    expect(rules('1 sctp 203.0.113.25 65535')).toEqual({
      redirectRules: [{ destinationIP: '203.0.113.25', port: 1, protocol: 'SCTP', targetPort: 65535 }],
    });
  });

  it('may end with an address for all else, and only end', () => {
    expect(rules('80 tcp 203.0.113.25\n203.0.113.27')).toEqual({
      redirectRules: [{ destinationIP: '203.0.113.25', port: 80, protocol: 'TCP' }],
      fallbackIP: '203.0.113.27',
    });
    expect(rules('203.0.113.27\n80 tcp 203.0.113.25')).toBe(
      'EGRESS_DESTINATION: "203.0.113.27" is no PORT PROTOCOL ADDRESS [TARGETPORT]',
    );
  });

  it.each([
    '0 tcp 203.0.113.25',
    '65536 tcp 203.0.113.25',
    '-1 tcp 203.0.113.25',
    '8e1 tcp 203.0.113.25',
    '80 icmp 203.0.113.25',
    '80 tcp example.com',
    '80 tcp 203.0.113.25 0',
    '80 tcp 203.0.113.25 65536',
    '80 tcp 203.0.113.25 90 91',
    '80 tcp',
    'nonsense',
  ])('is refused with a line that is no rule: %s', (text) => {
    expect(rules(text)).toBe(`EGRESS_DESTINATION: ${JSON.stringify(text)} is no PORT PROTOCOL ADDRESS [TARGETPORT]`);
  });

  it('is refused if it is empty', () => {
    expect(rules(' \n# nothing\n')).toBe('EGRESS_DESTINATION: it is empty');
  });
});
