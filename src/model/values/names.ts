/** Names of objects, with a type for each kind, and the one order in which names and texts compare. */
declare const nodeBrand: unique symbol;
declare const namespaceBrand: unique symbol;

/** The name of a Node and of its HostSubnet. */
export type NodeName = string & { readonly [nodeBrand]: true };

/** The name of a Namespace and of its NetNamespace. */
export type NamespaceName = string & { readonly [namespaceBrand]: true };

/** Whether the text can name a node, that is, is not empty. */
export function isNodeName(text: string): text is NodeName {
  return text !== '';
}

/** Whether the text can name a namespace, that is, is not empty. */
export function isNamespaceName(text: string): text is NamespaceName {
  return text !== '';
}

/** An RFC 1123 label of any length, as a regular expression. */
export const dnsLabel = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

const labelPattern = new RegExp(`^${dnsLabel}$`);

/**
 * Whether Kubernetes allows a Namespace of this name: an RFC 1123 label. A NetNamespace, whose name is only checked as
 * a subdomain or not at all, may have one that no Namespace can have.
 */
export function canNameNamespace(text: string): boolean {
  return text.length <= 63 && labelPattern.test(text);
}

/**
 * Orders texts by UTF-16 code unit, the same on every machine and in every locale. Returns a negative number, 0 or a
 * positive number.
 */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
