/** Services by nftables, as kube-proxy writes them in its mode nftables. */
import { testServices } from './services.ts';

testServices('nftables');
