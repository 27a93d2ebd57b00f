/** Keeps the egress model in step with the caches: what it says of the objects is what Events and metrics tell. */
import type { EgressView } from '../controllers/egressips/view.ts';
import { Listeners, type Subscribe } from '../controllers/listeners.ts';
import type { LiveNetwork } from '../controllers/network.ts';
import type { Reconciler } from '../controllers/reconciler.ts';
import type { FacadeCaches } from './caches.ts';

export interface ViewDeps {
  readonly view: EgressView;
  readonly caches: Pick<FacadeCaches, 'hostSubnets' | 'netNamespaces' | 'nodes'>;
  readonly network: LiveNetwork;
}

/** The subscriptions that update the view, and what reports each change of it. A node that is not Ready is offline. */
export function followView({ view, caches, network }: ViewDeps): Pick<Reconciler, 'wokenBy'> & {
  readonly onChange: Subscribe;
} {
  const changed = new Listeners();
  const setNetwork = (current: ReturnType<LiveNetwork['current']>): void => {
    view.setNetwork(current);
    changed.notify();
  };
  const wokenBy: Reconciler['wokenBy'] = [
    () => {
      setNetwork(network.current());
      return network.subscribe(setNetwork);
    },
    () =>
      caches.hostSubnets.subscribe(({ before, after }) => {
        if (after !== undefined) view.readHostSubnet(after);
        else if (before !== undefined) view.removeHostSubnet(before);
        changed.notify();
      }),
    () =>
      caches.netNamespaces.subscribe(({ key, after }) => {
        if (after === undefined) view.removeNetNamespace(key);
        else view.putNetNamespace(after);
        changed.notify();
      }),
    () =>
      caches.nodes.subscribe(({ key, after }) => {
        if (!view.putNode(key, after)) return;
        view.setOffline((name) => view.notReady.has(name));
        changed.notify();
      }),
  ];
  return { onChange: changed.subscribe, wokenBy };
}
