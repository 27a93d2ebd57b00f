/** What Services say of addresses that kube-vip lets pods leave with. Pure. */
import { services } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { managedBy, managedByLabel, namespaceNameLabel } from '../../../model/objects/well-known.ts';
import { compareText } from '../../../model/values/names.ts';
import type { Claim, Claims } from '../../claims.ts';
import { podSelectorLost } from '../../findings/back.ts';
import { addressUnknown, fieldLost, nodesUnknown } from '../../findings/claims.ts';
import { textAt } from '../../kinds/item.ts';
import { serviceItem } from '../../kinds/service.ts';
import { objectRef } from '../../ref.ts';
import { addressesRead, fieldsRead, type Read, type Selecting, selectingIn } from '../../requests/claiming.ts';
import { objectsOf, type Snapshot } from '../../snapshot.ts';
import type { Change } from '../../translation.ts';
import { egressAnnotation, plugin } from './objects.ts';

/** Stands for any address, by DHCP. */
const anyAddress = '0.0.0.0';

/** Reads the Services with egress. */
export function claims(snapshot: Snapshot): Claims {
  const select = selectingIn(snapshot);
  const everyNode = snapshot.nodes.map(({ name }) => name).sort(compareText);
  const all = objectsOf(snapshot, services).filter((one) => one.metadata.annotations?.[egressAnnotation] === 'true');
  const read = all.map((service) => claimOf(service, select, everyNode));
  return {
    claims: read.map(({ value }) => value),
    findings: read.flatMap(({ findings }) => findings),
    removals: all.map(removalOf),
  };
}

function isMade({ metadata }: KubeObject): boolean {
  return metadata.labels?.[managedByLabel] === managedBy[managedByLabel];
}

function claimOf(service: KubeObject, select: Selecting, everyNode: readonly string[]): Read<Claim> {
  const { given, asked, namespace, annotations } = serviceItem(service);
  const texts = (given.length > 0 ? given : asked).filter((text) => text !== anyAddress);
  const ips = addressesRead(service, texts);
  const namespaces = select.namespaces(service, [{ matchLabels: { [namespaceNameLabel]: namespace } }]);
  const ref = objectRef(service);
  return {
    value: {
      object: service,
      namespaces: namespaces.value,
      addresses: ips.value.map((ip) => ({ ip, nodes: everyNode })),
    },
    findings: [
      ...ips.findings,
      ...namespaces.findings,
      podSelectorLost(ref),
      ...(texts.length > 0 ? [] : [addressUnknown({ ...ref, why: 'It has no address yet' })]),
      ...ips.value.map((ip) => nodesUnknown({ ...ref, ip, plugin })),
      ...fieldsRead(service, unknownAnnotations(annotations)),
      ...(isMade(service) ? [] : [staysWith(service)]),
    ],
  };
}

function unknownAnnotations(annotations: Readonly<Record<string, string>>) {
  return Object.keys(annotations)
    .filter((key) => key.startsWith(`${egressAnnotation}-`))
    .sort(compareText)
    .map((key) => ({
      field: `annotation ${key}`,
      isUsed: annotations[key] !== '',
      tomorrow: 'All traffic to the outside takes the address, whichever it is.',
    }));
}

/** It is there for what comes from outside, too. */
function staysWith(service: KubeObject) {
  return fieldLost({
    ...objectRef(service),
    field: `type ${textAt(service, 'spec', 'type')}, so ${plugin} announces its address for what comes in`,
    tomorrow: 'Two would answer for the address: the Service keeps it, and a node gets it for what goes out.',
    action: 'Give the Service another address, or remove it, before the address is restored.',
  });
}

/** Services of others stay, without egress. */
function removalOf(service: KubeObject): Change {
  const object = objectRef(service);
  return isMade(service)
    ? { action: 'delete', step: 'finalize', object, from: [] }
    : { action: 'clear', step: 'finalize', object, patch: { metadata: { annotations: { [egressAnnotation]: null } } } };
}
