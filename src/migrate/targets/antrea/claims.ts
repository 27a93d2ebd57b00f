/** What Antrea's Egresses say of addresses. Pure. */
import { antreaEgresses, externalIPPools } from '../../../../api/kinds.ts';
import type { KubeObject, LabelSelectorObject } from '../../../model/objects/raw.ts';
import { type Ip, parseIp } from '../../../model/values/address.ts';
import { fieldOf } from '../../../model/values/json.ts';
import type { Claim, Claims } from '../../claims.ts';
import { poolLost } from '../../findings/claims.ts';
import type { Finding } from '../../findings/finding.ts';
import { listAt, selectorAt, textAt, textsAt } from '../../kinds/item.ts';
import { objectRef } from '../../ref.ts';
import {
  addressesRead,
  fieldsRead,
  givenByPool,
  podsRead,
  type Read,
  removalsOf,
  type Selecting,
  selectingIn,
} from '../../requests/claiming.ts';
import { objectsOf, type Snapshot } from '../../snapshot.ts';

/** Reads Egresses and their pools. */
export function claims(snapshot: Snapshot): Claims {
  const select = selectingIn(snapshot);
  const pools = new Map(objectsOf(snapshot, externalIPPools).map((pool) => [pool.metadata.name ?? '', pool]));
  const read = objectsOf(snapshot, antreaEgresses).map((object) => claimOf(object, select, pools));
  const all = read.map(({ value }) => value);
  const taken = new Set(all.flatMap(({ addresses }) => addresses.map(({ ip }) => ip)));
  return {
    claims: all,
    findings: [
      ...read.flatMap(({ findings }) => findings),
      ...[...pools.values()].flatMap((pool) => poolFindings(pool, taken)),
    ],
    removals: removalsOf(snapshot, [antreaEgresses, externalIPPools]),
  };
}

function claimOf(object: KubeObject, select: Selecting, pools: ReadonlyMap<string, KubeObject>): Read<Claim> {
  const names = [textAt(object, 'spec', 'externalIPPool'), ...textsAt(object, 'spec', 'externalIPPools')];
  const pool = names.map((name) => pools.get(name)).find((one) => one !== undefined);
  const poolName = names.find(Boolean);
  const wanted = [textAt(object, 'spec', 'egressIP'), ...textsAt(object, 'spec', 'egressIPs')].filter(Boolean);
  const given = textAt(object, 'status', 'egressIP');
  const ips = addressesRead(object, wanted.length > 0 || given === '' ? wanted : [given]);
  const namespaces = select.namespaces(object, namespaceSelectors(object));
  const node = textAt(object, 'status', 'egressNode');
  const nodes =
    pool === undefined ? [node].filter(Boolean) : select.nodes(selectorAt(pool, 'spec', 'nodeSelector') ?? {});
  return {
    value: { object, namespaces: namespaces.value, addresses: ips.value.map((ip) => ({ ip, nodes })) },
    findings: [
      ...ips.findings,
      ...namespaces.findings,
      ...podsRead(object, selectorAt(object, 'spec', 'appliedTo', 'podSelector') ?? {}),
      ...(wanted.length > 0 ? [] : [givenByPool(object, given, poolName && `ExternalIPPool ${poolName}`)]),
      ...fieldsRead(object, [
        {
          field: 'spec.bandwidth',
          isUsed: fieldOf(object, 'spec', 'bandwidth') !== undefined,
          tomorrow: 'OpenShift SDN limits the bandwidth of pods, not of egress IPs.',
        },
      ]),
    ],
  };
}

/** Without a selector of namespaces an Egress is for pods of all of them; without any selector for none. */
function namespaceSelectors(object: KubeObject): readonly LabelSelectorObject[] {
  const own = selectorAt(object, 'spec', 'appliedTo', 'namespaceSelector');
  if (own !== undefined) return [own];
  return selectorAt(object, 'spec', 'appliedTo', 'podSelector') === undefined ? [] : [{}];
}

function poolFindings(pool: KubeObject, taken: ReadonlySet<Ip>): readonly Finding[] {
  const left = listAt(pool, 'spec', 'ipRanges').flatMap((range) => {
    const [cidr, start, end] = [textAt(range, 'cidr'), textAt(range, 'start'), textAt(range, 'end')];
    const ip = parseIp(start);
    const isTaken = cidr === '' && start === end && ip.ok && taken.has(ip.value);
    return isTaken ? [] : [cidr === '' ? `${start}-${end}` : cidr];
  });
  return [
    ...(left.length === 0 ? [] : [poolLost({ ...objectRef(pool), entries: left })]),
    ...fieldsRead(pool, [
      {
        field: 'spec.subnetInfo',
        isUsed: fieldOf(pool, 'spec', 'subnetInfo') !== undefined,
        tomorrow: 'OpenShift SDN has egress IPs in the network of the nodes only: these addresses reach nobody.',
      },
    ]),
  ];
}
