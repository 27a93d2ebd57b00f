/** The forms of rules that the lab's service proxy can write. */
export const proxyForms = ['nftables', 'iptables'] as const;
export type ProxyForm = (typeof proxyForms)[number];
