/** Short ways to values that a test knows to be valid, and to the raw objects that hold them. */
import { type HostSubnet, type InvalidHostSubnet, parseHostSubnet } from '../../src/model/objects/hostsubnet.ts';
import { type NetNamespace, parseNetNamespace } from '../../src/model/objects/netnamespace.ts';
import type { HostSubnetObject, NetNamespaceObject } from '../../src/model/objects/raw.ts';
import { type Cidr, type Ip, parseCidr, parseIp } from '../../src/model/values/address.ts';
import type { Result } from '../../src/model/values/result.ts';
import { parseVnid, type Vnid } from '../../src/model/values/vnid.ts';

export function valid<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`expected a value: ${JSON.stringify(result.error)}`);
  return result.value;
}

export const ip = (text: string): Ip => valid(parseIp(text));
export const cidr = (text: string): Cidr => valid(parseCidr(text));
export const vnid = (value: number): Vnid => valid(parseVnid(value));

export type HostSubnetFields = Partial<Omit<HostSubnetObject, 'apiVersion' | 'kind' | 'metadata'>>;

export function rawHostSubnet(name: string, fields: HostSubnetFields = {}): HostSubnetObject {
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'HostSubnet',
    metadata: { name },
    host: name,
    hostIP: '192.168.7.11',
    subnet: '10.128.0.0/23',
    ...fields,
  };
}

export function rawNetNamespace(name: string, netid: number, egressIPs?: string[] | null): NetNamespaceObject {
  const lists = egressIPs === undefined ? {} : { egressIPs };
  return {
    apiVersion: 'network.openshift.io/v1',
    kind: 'NetNamespace',
    metadata: { name },
    netname: name,
    netid,
    ...lists,
  };
}

export const hostSubnet = (name: string, fields: HostSubnetFields = {}): HostSubnet =>
  valid(parseHostSubnet(rawHostSubnet(name, fields)));
/** A HostSubnet that is not valid, as what is left of it. */
export function absentHost(name: string, fields: HostSubnetFields): InvalidHostSubnet {
  const parsed = parseHostSubnet(rawHostSubnet(name, fields));
  if (parsed.ok) throw new Error(`HostSubnet ${name} is valid`);
  return parsed.error;
}
export const netNamespace = (
  name: string,
  netid: number,
  egressIPs: string[] = [],
  annotations: Readonly<Record<string, string>> = {},
): NetNamespace => {
  const raw = rawNetNamespace(name, netid, egressIPs);
  return valid(parseNetNamespace({ ...raw, metadata: { ...raw.metadata, annotations } }));
};
