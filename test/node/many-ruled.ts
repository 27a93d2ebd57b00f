/** A node with a pod of each of many namespaces that have egress IPs and finer rules. */
import { egressState } from '../../src/model/egress/state.ts';
import { ipFromNumber, ipNumber } from '../../src/model/values/address.ts';
import type { NodeInput } from '../../src/node/plan/node.ts';
import { hostSubnet, ip, netNamespace, nodeInput, vnid } from './states.ts';

const firstVnid = 1_000;
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** The address that comes so many after it. */
const after = (text: string, count: number): string => ipFromNumber(ipNumber(ip(text)) + BigInt(count), 4);

/** Networks and ports, in turns. */
function destination(namespace: number, number: number): string {
  const network = `10.${number}.${namespace >> 8}.${namespace & 255}`;
  return number % 2 === 0 ? `${network}/32` : `tcp:${network}/32:${8_000 + number}`;
}

/** The input of the plan; the namespace `changed` has another destination in place of its last. */
export function manyRuled(namespaces: number, rules: number, { changed = -1 } = {}): NodeInput {
  const all = numbers(namespaces);
  const egressIPs = all.map((index) => after('192.168.8.0', index));
  const hostSubnets = [hostSubnet(0), hostSubnet(1, ...egressIPs)];
  const netNamespaces = all.map((index) => {
    const list = numbers(rules).map((number) =>
      index === changed && number === rules - 1 ? '10.255.255.255/32' : destination(index, number),
    );
    return netNamespace(firstVnid + index, [egressIPs[index]!], { destinations: list.join() });
  });
  const [none, offline] = [nodeInput({}), new Set<never>()];
  return {
    ...none,
    state: egressState({ ...{ hostSubnets, netNamespaces, offline }, absent: [], networks: [], excluded: [] }),
    pods: all.map((index) => ({
      ...{ ip: ip(after('10.254.0.2', index)), ofport: 3 + index, vnid: vnid(firstVnid + index) },
      ...{
        sandbox: `sandbox-${index}`,
        network: 'sdn',
        namespace: `project-${firstVnid + index}`,
        name: 'pod',
        uid: '',
      },
    })),
  };
}
