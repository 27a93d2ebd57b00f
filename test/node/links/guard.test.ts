/** The rules that lead to the guard, and its routes. */
import type { Exec } from '../../../src/io/programs/exec.ts';
import { configureGuardRoutes, configureGuardRules, guardRouteLines } from '../../../src/node/links/guard.ts';
import { hex } from '../../../src/node/ovs/flow.ts';
import { seenBit } from '../../../src/node/ovs/pipeline.ts';
import { cidr, ip, nodeInput } from '../states.ts';

/** An ip that prints this, and notes the lines of its batches. */
function ipWith(stdout: string, status = 0): { readonly run: Exec; readonly lines: string[] } {
  const lines: string[] = [];
  const run: Exec = (_program, args, { input = '' } = {}) => {
    if (!args.includes('-batch')) return Promise.resolve({ status, stdout, stderr: '' });
    lines.push(...input.trimEnd().split('\n'));
    return Promise.resolve({ status: 0, stdout: '', stderr: '' });
  };
  return { run, lines };
}

const all = [
  'rule add pref 92 nop protocol 157',
  `rule add pref 90 iif tun0 fwmark ${hex(seenBit.set)}/${hex(seenBit.set | seenBit.clear)} goto 92 protocol 157`,
  'rule add pref 91 iif tun0 lookup 10490 protocol 157',
];

test.each<readonly [string, readonly number[], readonly number[]]>([
  ['all rules where there are none of ours', [0, 32766, 32767], [0, 1, 2]],
  ['the rule that is missing', [0, 90, 92], [2]],
  ['where packets that may pass jump to, before the jump', [91], [0, 1]],
  ['nothing where all are there', [90, 91, 92], []],
])('adds %s', async (_what, present, added) => {
  const { run, lines } = ipWith(JSON.stringify(present.map((priority) => ({ priority }))));
  await configureGuardRules(run);
  expect(lines).toEqual(added.map((index) => all[index]));
});

it('fails when the rules cannot be read', async () => {
  await expect(configureGuardRules(ipWith('', 1).run)).rejects.toThrow('ip -j rule show: exit status 1');
});

it('writes all routes where the table has none yet, which ip calls an error', async () => {
  const { run, lines } = ipWith('Error: ipv4: FIB table does not exist.', 2);
  await configureGuardRoutes(run, nodeInput({}).networks, [ip('192.168.7.12')]);
  expect(lines).toEqual([
    'route replace throw 10.254.0.0/16 table 10490 proto 157',
    'route replace throw 172.30.0.0/16 table 10490 proto 157',
    'route replace throw 192.168.7.12 table 10490 proto 157',
    'route replace unreachable default table 10490 proto 157',
  ]);
});

const networks = { ...nodeInput({}).networks, cluster: [cidr('10.254.0.0/16')] };
const nodes = ['192.168.7.11', '192.168.7.12'].map(ip);
const allRoutes = [
  'throw 10.254.0.0/16',
  'throw 172.30.0.0/16',
  'throw 192.168.7.11',
  'throw 192.168.7.12',
  'unreachable default',
];
const shown = (routes: readonly string[]): string =>
  JSON.stringify(routes.map((route) => ({ type: route.split(' ')[0], dst: route.split(' ')[1] })));

test("the guard lets by pods, Services and each node, and nobody else of the nodes' network", () => {
  expect(guardRouteLines('', networks, nodes)).toEqual(
    allRoutes.map((route) => `route replace ${route} table 10490 proto 157`),
  );
});

test('routes that are there are not written, and those of a removed network or node go', () => {
  expect(guardRouteLines(shown(allRoutes), networks, nodes)).toEqual([]);
  expect(guardRouteLines(shown([...allRoutes, 'throw 192.168.7.0/24', 'throw 192.168.7.13']), networks, nodes)).toEqual(
    ['route del throw 192.168.7.0/24 table 10490 proto 157', 'route del throw 192.168.7.13 table 10490 proto 157'],
  );
  expect(guardRouteLines(shown(allRoutes.slice(1)), networks, nodes)).toEqual([
    'route replace throw 10.254.0.0/16 table 10490 proto 157',
  ]);
});
