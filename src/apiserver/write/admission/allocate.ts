/** The cluster addresses and node ports of Services, which the server chooses where a client does not. Pure. */
import type { PortRange } from '../../../model/objects/well-known.ts';
import { addressAt, contains, lastOf, parseCidr, parseIp } from '../../../model/values/address.ts';
import type { JsonObject } from '../../../model/values/json.ts';
import { err, ok, type Result } from '../../../model/values/result.ts';
import { type FieldError, invalidValue } from '../../refusal.ts';
import { objectAt, objectsAt, textAt } from '../../store/object.ts';
import { hasNodePorts } from './service.ts';

/** OpenShift's default; the same as in the lab's ClusterNetwork. */
const serviceNetwork = '172.30.0.0/16';

/** The first number from a random one on, of `count` in a circle, that is free; undefined if all are taken. */
function freeFrom(count: number, random: () => number, isTaken: (index: number) => boolean): number | undefined {
  const start = Math.floor(random() * count);
  for (let step = 0; step < count; step += 1) {
    const index = (start + step) % count;
    if (!isTaken(index)) return index;
  }
  return undefined;
}

function chooseAddress(taken: ReadonlySet<string>, random: () => number): string | undefined {
  const network = parseCidr(serviceNetwork);
  if (!network.ok) return undefined;
  const { value } = network;
  const size = Number(lastOf(value) - value.first) - 1; // neither the first nor the last address
  const index = freeFrom(size, random, (candidate) => taken.has(addressAt(value, candidate + 1)));
  return index === undefined ? undefined : addressAt(value, index + 1);
}

function addressOf(spec: JsonObject, taken: ReadonlySet<string>, random: () => number): Result<string, FieldError> {
  const field = 'spec.clusterIPs';
  const given = textAt(spec, 'clusterIP') ?? '';
  if (given === 'None') return ok(given);
  if (given === '') {
    const chosen = chooseAddress(taken, random);
    return chosen === undefined ? err(invalidValue(field, [], 'range is full')) : ok(chosen);
  }
  const failed = (why: string): Result<string, FieldError> =>
    err(invalidValue(field, [given], `failed to allocate IP ${given}: ${why}`));
  const [ip, network] = [parseIp(given), parseCidr(serviceNetwork)];
  if (!ip.ok || !network.ok || !contains(network.value, ip.value))
    return failed(`the provided IP (${given}) is not in the valid range. The range of valid IPs is ${serviceNetwork}`);
  return taken.has(given) ? failed('provided IP is already allocated') : ok(given);
}

/** Node ports are counted by protocol. */
function portKey(protocol: unknown, nodePort: unknown): string {
  return `${String(protocol)}/${String(nodePort)}`;
}

/** What a choice depends on. */
export interface Choosing {
  readonly random: () => number;
  /** The node ports that Services may have. */
  readonly nodePorts: PortRange;
}

function nodePortOf(
  port: JsonObject,
  field: string,
  taken: ReadonlySet<string>,
  { random, nodePorts }: Choosing,
): Result<number, FieldError> {
  const { nodePort, protocol } = port;
  if (typeof nodePort === 'number' && nodePort !== 0) {
    if (nodePort < nodePorts.first || nodePort > nodePorts.last)
      return err(
        invalidValue(
          field,
          nodePort,
          `provided port is not in the valid range. The range of valid ports is ${nodePorts.first}-${nodePorts.last}`,
        ),
      );
    return taken.has(portKey(protocol, nodePort))
      ? err(invalidValue(field, nodePort, 'provided port is already allocated'))
      : ok(nodePort);
  }
  const index = freeFrom(nodePorts.last - nodePorts.first + 1, random, (candidate) =>
    taken.has(portKey(protocol, nodePorts.first + candidate)),
  );
  return index === undefined ? err(invalidValue(field, 0, 'range is full')) : ok(nodePorts.first + index);
}

function portsOf(
  spec: JsonObject,
  taken: ReadonlySet<string>,
  choosing: Choosing,
): Result<readonly JsonObject[], readonly FieldError[]> {
  const used = new Set(taken);
  const ports: JsonObject[] = [];
  const errors: FieldError[] = [];
  for (const [index, port] of objectsAt(spec, 'ports').entries()) {
    const found = nodePortOf(port, `spec.ports[${index}].nodePort`, used, choosing);
    if (!found.ok) errors.push(found.error);
    else {
      used.add(portKey(port['protocol'], found.value));
      ports.push({ ...port, nodePort: found.value });
    }
  }
  return errors.length === 0 ? ok(ports) : err(errors);
}

/** A Service with a cluster address and, by its type, node ports, none of which another Service has. */
export function allocate(
  service: JsonObject,
  others: readonly JsonObject[],
  choosing: Choosing,
): Result<JsonObject, readonly FieldError[]> {
  const spec = objectAt(service, 'spec');
  if (spec['type'] === 'ExternalName') return ok(service);
  const specs = others.map((other) => objectAt(other, 'spec'));
  const address = addressOf(spec, new Set(specs.map((one) => textAt(one, 'clusterIP') ?? '')), choosing.random);
  if (!address.ok) return err([address.error]);
  const families = { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' };
  const withAddress = { ...families, ...spec, clusterIP: address.value, clusterIPs: [address.value] };
  if (!hasNodePorts(spec)) return ok({ ...service, spec: withAddress });
  const takenPorts = specs.flatMap((one) =>
    objectsAt(one, 'ports').map(({ protocol, nodePort }) => portKey(protocol, nodePort)),
  );
  const ports = portsOf(spec, new Set(takenPorts), choosing);
  return ports.ok ? ok({ ...service, spec: { ...withAddress, ports: ports.value } }) : ports;
}
