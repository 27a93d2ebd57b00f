/** Services by Debian's iptables, which writes nftables, as kube-proxy writes them in its mode iptables. */
import { testServices } from './services.ts';

testServices('iptables');
