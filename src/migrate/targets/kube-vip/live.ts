/** What kube-vip reports, on the Services themselves. Pure. */
import { services } from '../../../../api/kinds.ts';
import type { KubeObject } from '../../../model/objects/raw.ts';
import { serviceItem } from '../../kinds/service.ts';
import { addressCheck } from '../../requests/checks.ts';
import type { Check, CheckScene } from '../../target.ts';
import { addressesAnnotation } from './objects.ts';

/** Names the node that announces the address. */
const hostAnnotation = 'kube-vip.io/vipHost';
/** Names the pod whose traffic leaves with it. */
const endpointAnnotation = 'kube-vip.io/active-endpoint';

/** Checks Services by their status and by what kube-vip annotates. */
export function checker(scene: CheckScene): (object: KubeObject) => readonly Check[] | undefined {
  return (object) => {
    if (object.kind !== services.kind) return undefined;
    const { annotations, given } = serviceItem(object);
    const {
      [addressesAnnotation]: ip = '',
      [hostAnnotation]: host = '',
      [endpointAnnotation]: endpoint = '',
    } = annotations;
    const reported = {
      ip,
      given: given[0] ?? '',
      node: given.length === 0 || endpoint === '' ? '' : host,
      why: given.length === 0 ? 'its status has no address' : `annotation ${endpointAnnotation} names no pod`,
    };
    return [addressCheck(object, reported, scene)];
  };
}
