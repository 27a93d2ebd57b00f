/** What OVN-Kubernetes reports of EgressServices. Pure. */
import { egressServices, services } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { textAt } from '../../kinds/item.ts';
import { serviceItem } from '../../kinds/service.ts';
import { liveObject } from '../../live.ts';
import { objectRef, refNamed } from '../../ref.ts';
import { addressCheck } from '../../requests/checks.ts';
import type { Check, CheckScene } from '../../target.ts';
import { addressLabel } from './objects.ts';

/** Checks EgressServices by their status, and by the address of their Service. */
export function checker(scene: CheckScene): (object: KubeObject) => readonly Check[] | undefined {
  return (object) => {
    if (object.kind !== egressServices.kind) return undefined;
    const { namespace = '', name } = objectRef(object);
    const ip = object.metadata.labels?.[addressLabel] ?? '';
    const service = liveObject(scene.live, { ...refNamed(services, name), namespace });
    const given = service === undefined ? [] : serviceItem(service).given;
    const reported = {
      ip,
      given: given.includes(ip) ? ip : (given[0] ?? ''),
      node: given.length === 0 ? '' : textAt(object, 'status', 'host'),
      why: service === undefined ? 'it has no Service' : given.length === 0 ? 'its Service has no address' : '',
    };
    return [addressCheck(object, reported, scene)];
  };
}
