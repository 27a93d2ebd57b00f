/** The configuration of the network operator. */
import type { NetworkOperatorItem } from '../../../kinds/network.ts';
import type { Snapshot } from '../../../snapshot.ts';

/** Network.operator.openshift.io `cluster`; undefined if the input does not have it. */
export function networkOperator({
  networkOperators,
}: Pick<Snapshot, 'networkOperators'>): NetworkOperatorItem | undefined {
  return networkOperators.find(({ name }) => name === 'cluster');
}
