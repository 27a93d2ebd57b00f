/** What the log and the Events say of a node's problems. */
import { createClient } from '../../../src/io/kube/client.ts';
import { EventRecorder } from '../../../src/io/kube/events.ts';
import type { NodeVerdict } from '../../../src/io/kube/verdict.ts';
import type { Ip } from '../../../src/model/values/address.ts';
import { asText, fieldOf } from '../../../src/model/values/json.ts';
import { ProblemReporter } from '../../../src/node/agent/problem-reporter.ts';
import { logged } from '../../logged.ts';
import { rawNetNamespace } from '../../model/parsed.ts';
import { ip } from '../states.ts';

function reporter() {
  const { logger, lines } = logged();
  const written: string[] = [];
  const send = ({ body = '{}' }): Promise<string> => {
    const event: unknown = JSON.parse(body);
    const [kind, name] = ['kind', 'name'].map((key) => asText(fieldOf(event, 'involvedObject', key)));
    written.push(`${kind ?? ''} ${name ?? ''}: ${asText(fieldOf(event, 'reason'))}`);
    return Promise.resolve(JSON.stringify({ metadata: {} }));
  };
  const client = createClient({ send, stream: () => Promise.resolve(), close: () => undefined });
  const recorder = new EventRecorder({ client, logger, component: 'test', now: () => 0 });
  const published: string[][] = [];
  const verdict = {
    publish: ({ refused }: NodeVerdict) => void published.push([...refused.keys()]),
    run: () => Promise.resolve(),
  };
  const problems = new ProblemReporter({
    logger,
    events: recorder,
    nodeName: 'n1',
    hostSubnet: () => undefined,
    verdict,
  });
  return { problems, lines, written, recorder, published };
}
const egressIP = ip('192.168.7.200');
const applied = { fingerprint: 'abc', nodes: 1 };

it('logs a reason once while it persists, and again when it changes or comes back', () => {
  const { problems, lines } = reporter();
  for (const reason of ['a', 'a', 'b', undefined, undefined, 'b']) problems.report('uplink', reason, 'no uplink');
  problems.report('other', 'b', 'other');
  expect(lines).toEqual(['no uplink: a', 'no uplink: b', 'no uplink: b', 'other: b']);
});

it('says of each egress IP why it is refused', () => {
  const { problems, lines, published } = reporter();
  const other = ip('192.168.7.201');
  const refuse = (...ips: readonly Ip[]): void =>
    problems.reportHosting({ addresses: new Set(), refused: new Map(ips.map((one) => [one, 'why'])) }, applied);
  refuse(egressIP);
  refuse(egressIP, other);
  expect(lines).toEqual(['an egress IP cannot be hosted here: why', 'an egress IP cannot be hosted here: why']);
  refuse(other);
  refuse(egressIP, other);
  expect(lines).toHaveLength(3);
  expect(published).toEqual([[egressIP], [egressIP, other], [other], [egressIP, other]]);
});

it('says on the NetNamespaces why their bandwidth is not limited, until it is', async () => {
  const { problems, lines, written, recorder } = reporter();
  const namespace = (name: string) => ({ ...rawNetNamespace(name, 77), metadata: { name, uid: `uid-${name}` } });
  problems.reportNotLimited([
    [namespace('red'), 'no meters'],
    [namespace('blue'), 'no meters'],
  ]);
  problems.reportNotLimited([[namespace('red'), 'no meters']]);
  problems.reportNotLimited([[namespace('blue'), 'no meters']]);
  expect(lines).toEqual(Array<string>(3).fill('the bandwidth of a namespace is not limited here: no meters'));
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  for (let tries = 0; tries < 12_000 && written.length < 2; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await running;
  expect(written.sort()).toEqual(['NetNamespace blue: BandwidthNotLimited', 'NetNamespace red: BandwidthNotLimited']);
});

it('says which machine answers for an egress IP, until none does', () => {
  const { problems, lines } = reporter();
  const reason = (mac: string): string =>
    `somebody else answers for an egress IP of this node: egress IP 192.168.7.200 is on this node, and ${mac} answers for it, too: another machine has it, or a node that is cut off from the API server has not given it up`;
  for (const mac of ['aa', 'aa', undefined, 'aa', 'bb']) problems.reportRival(egressIP, mac);
  expect(lines).toEqual([reason('aa'), reason('aa'), reason('bb')]);
});

it('writes Events about its own HostSubnet, and none when a problem is over', async () => {
  const { problems, written, recorder } = reporter();
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  problems.reportRival(egressIP, undefined);
  problems.reportHosting({ addresses: new Set(), refused: new Map([[egressIP, 'why']]) }, applied);
  problems.reportRival(egressIP, 'aa');
  for (let tries = 0; tries < 12_000 && written.length < 2; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await running;
  expect(written.sort()).toEqual(['HostSubnet n1: EgressIPAnsweredElsewhere', 'HostSubnet n1: EgressIPRefused']);
});
