/** Matches on the blocks and ports of NetworkPolicy rules. */
import { type PolicyPort, portMasks, type Protocol } from '../../model/policy/networkpolicy.ts';
import type { Match } from '../ovs/flow.ts';

/** A pod that listens, by its named ports. */
export interface Listener {
  readonly ports: readonly { readonly name: string; readonly protocol: Protocol; readonly port: number }[];
}

/** The match of a block; `field` is the side of the peer. */
export function blockMatch(field: 'nw_src' | 'nw_dst', cidr: string): Match {
  return cidr === '0.0.0.0/0' ? { proto: 'ip' } : { proto: 'ip', [field]: cidr.replace(/\/32$/, '') };
}

/** Matches on ports, where `listener` is the pod that named ports are looked up on. Later fragments have no ports and pass with their protocol. */
export function portMatches(ports: readonly PolicyPort[] | undefined, listener: Listener | undefined): Match[] {
  if (ports === undefined) return [{}];
  return ports.flatMap((port): Match[] => {
    switch (port.kind) {
      case 'any':
        return [{ proto: port.protocol }];
      case 'range':
        return rangeMatches(port.protocol, port.from, port.to);
      case 'named': {
        const found =
          listener?.ports.filter(({ name, protocol }) => name === port.name && protocol === port.protocol) ?? [];
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
