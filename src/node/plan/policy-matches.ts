/** The matches of a NetworkPolicy's ports and blocks. */
import { type PolicyPort, portMasks, type Protocol } from '../../model/policy/networkpolicy.ts';
import type { Cidr } from '../../model/values/address.ts';
import type { Match } from '../ovs/flow.ts';

/** A port of a pod that a policy may name. */
export interface NamedPort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

/** Matches on the addresses of a block. */
export function blockMatch(field: 'nw_src' | 'nw_dst', { text }: Pick<Cidr, 'text'>): Match {
  return text === '0.0.0.0/0' ? { proto: 'ip' } : { proto: 'ip', [field]: text.replace(/\/32$/, '') };
}

/**
 * Matches on ports, of which the named ones are those of the pod that listens. Later fragments have no ports and pass
 * with their protocol.
 */
export function portMatches(
  ports: readonly PolicyPort[] | undefined,
  listening: readonly NamedPort[] | undefined,
): Match[] {
  if (ports === undefined) return [{}];
  return ports.flatMap((port): Match[] => {
    switch (port.kind) {
      case 'any':
        return [{ proto: port.protocol }];
      case 'range':
        return rangeMatches(port.protocol, port.from, port.to);
      case 'named': {
        const found = listening?.filter(({ name, protocol }) => name === port.name && protocol === port.protocol) ?? [];
        return found.flatMap((one) => rangeMatches(port.protocol, one.port, one.port));
      }
    }
  });
}

function rangeMatches(proto: Protocol, from: number, to: number): Match[] {
  const masked = portMasks(from, to).map(({ value, mask }): Match => {
    const exact = mask === 0xffff;
    return { proto, tp_dst: exact ? String(value) : `0x${value.toString(16)}/0x${mask.toString(16)}` };
  });
  return [...masked, { proto, nw_frag: 'later' }];
}
