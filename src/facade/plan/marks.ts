/** What the facade writes on objects of OVN-Kubernetes and of Kubernetes to know later what is its own. */

/** Field manager of everything that the facade writes. */
export const facadeManager = 'sdn-compat-facade';

const prefix = 'facade.sdn-compat.io/';

/** Annotation of an EgressFirewall that closes its namespace: the rules that close it, as JSON. */
export const closedAnnotation = `${prefix}closed`;

/** Annotation of an EgressFirewall that closes its namespace: the user's own rules, as JSON, which come back. */
export const ownRulesAnnotation = `${prefix}own-rules`;

/** Annotation of a NetNamespace whose namespace such an EgressFirewall closes: both kinds of rules, as JSON. */
export const keptAnnotation = `${prefix}kept-rules`;

/** Annotation of a Node that the facade gave the label of hosting nodes. */
export const labeledAnnotation = `${prefix}labeled`;

/** Annotation of a Namespace for which the facade turned multicast on. */
export const multicastMark = `${prefix}multicast`;

/** Name of the EgressIP with which the facade finds out whether OVN-Kubernetes believes a placement that others wrote. */
export const probeName = 'sdn-compat-facade-probe';

/** Label of an EgressIP that changes so that OVN-Kubernetes looks at it again. */
export const touchedLabel = `${prefix}touched`;
