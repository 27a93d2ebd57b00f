import { modeOf, parseDns, parseHttp } from '../../../src/migrate/routers/mode.ts';
import { err, ok } from '../../../src/model/values/result.ts';

const env = (values: Record<string, string>) =>
  new Map(Object.entries(values).map(([name, value]) => [name, ok(value)]));

it.each([
  [{}, ok('redirect')],
  [{ EGRESS_ROUTER_MODE: 'init' }, ok('redirect')],
  [{ EGRESS_ROUTER_MODE: 'http-proxy' }, ok('http-proxy')],
  [{ EGRESS_ROUTER_MODE: 'init', EGRESS_HTTP_PROXY_DESTINATION: '*' }, ok('http-proxy')],
  [{ EGRESS_ROUTER_MODE: 'dns-proxy' }, ok('dns-proxy')],
  [{ EGRESS_DNS_PROXY_DESTINATION: '' }, ok('dns-proxy')],
  [{ EGRESS_ROUTER_MODE: 'fly' }, err('EGRESS_ROUTER_MODE: "fly" is no mode of an egress router')],
])('the mode of %j', (values, mode) => {
  expect(modeOf(env(values))).toEqual(mode);
});

describe('HTTP mode', () => {
  it('allows and denies addresses, networks, names and domains, and all at the end', () => {
    expect(parseHttp('# comment\n!*.Bad.example\n 10.1.8.72 # one\n10.2.3.4/16\n! good.example\n\n*\n')).toEqual(
      ok([
        { allows: false, to: { kind: 'name', name: '.bad.example' } },
        { allows: true, to: { kind: 'network', cidr: '10.1.8.72/32' } },
        { allows: true, to: { kind: 'network', cidr: '10.2.0.0/16' } },
        { allows: false, to: { kind: 'name', name: 'good.example' } },
        { allows: true, to: { kind: 'all' } },
      ]),
    );
  });

  it.each([
    ['', 'it is empty'],
    ['# only this', 'it is empty'],
    ['*\ngood.example', '"*" must be the last line, because nothing after it counts'],
    ['10.1.8', '"10.1.8" is no address, no CIDR, no name, and no *.DOMAIN'],
    ['10.1.8.256', '"10.1.8.256" is no address, no CIDR, no name, and no *.DOMAIN'],
    ['10.1.8.0/33', '"10.1.8.0/33" is no address, no CIDR, no name, and no *.DOMAIN'],
    ['http://good.example', '"http://good.example" is no address, no CIDR, no name, and no *.DOMAIN'],
    ['good.example http_access', '"good.example http_access" is no address, no CIDR, no name, and no *.DOMAIN'],
    ['a.*.example', '"a.*.example" is no address, no CIDR, no name, and no *.DOMAIN'],
    ['"all"', String.raw`"\"all\"" is no address, no CIDR, no name, and no *.DOMAIN`],
  ])('refuses %j', (text, error) => {
    expect(parseHttp(text)).toEqual(err(error));
  });
});

describe('DNS mode', () => {
  it('has a host for each port, and another port of it', () => {
    expect(parseDns('80 203.0.113.25\n8080 DB.example 5432 # it\n')).toEqual(
      ok([
        { port: 80, host: '203.0.113.25', targetPort: 80 },
        { port: 8080, host: 'db.example', targetPort: 5432 },
      ]),
    );
  });

  it.each([
    ['', 'it is empty'],
    ['80', '"80" is no PORT HOST [TARGETPORT]'],
    ['0 good.example', '"0 good.example" is no PORT HOST [TARGETPORT]'],
    ['80 good.example 65536', '"80 good.example 65536" is no PORT HOST [TARGETPORT]'],
    ['80 good.example 90 tcp', '"80 good.example 90 tcp" is no PORT HOST [TARGETPORT]'],
    ['80 10.1.8', '"80 10.1.8" is no PORT HOST [TARGETPORT]'],
    ['80 good;example', '"80 good;example" is no PORT HOST [TARGETPORT]'],
    ['80 a.example\n80 b.example', 'port 80 is there twice'],
  ])('refuses %j', (text, error) => {
    expect(parseDns(text)).toEqual(err(error));
  });
});
