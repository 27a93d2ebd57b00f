export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The part of Kubernetes object metadata that this project reads or writes. */
        ObjectMeta: {
            name?: string;
            namespace?: string;
            uid?: string;
            resourceVersion?: string;
            generation?: number;
            creationTimestamp?: string;
            deletionTimestamp?: string;
            labels?: {
                [key: string]: string;
            };
            annotations?: {
                [key: string]: string;
            };
            finalizers?: string[];
        };
        /** @description The pod and service networks of the cluster, the network plugin in use and the settings of the overlay. There is one, named "default". */
        ClusterNetwork: {
            /** @enum {string} */
            apiVersion: "network.openshift.io/v1";
            /** @enum {string} */
            kind: "ClusterNetwork";
            metadata: components["schemas"]["ObjectMeta"];
            /** @description The pod networks, in the order in which nodes get their subnets from them. */
            clusterNetworks: {
                /** @description The range of this pod network. */
                CIDR: string;
                /**
                 * Format: int32
                 * @description How many bits of an address a node has for its pods; 8 gives each node a /24.
                 */
                hostSubnetLength: number;
            }[];
            /** @description The first pod network, for clients older than clusterNetworks. */
            network?: string;
            /**
             * Format: int32
             * @description hostSubnetLength of the first pod network, for clients older than clusterNetworks.
             */
            hostsubnetlength?: number;
            /** @description The range that Service addresses come from. */
            serviceNetwork: string;
            /** @description How pods are isolated - redhat/openshift-ovs-subnet, redhat/openshift-ovs-multitenant or redhat/openshift-ovs-networkpolicy. */
            pluginName?: string;
            /**
             * Format: int32
             * @description UDP port of the VXLAN overlay; 4789 when absent.
             */
            vxlanPort?: number;
            /**
             * Format: int32
             * @description MTU of pods in bytes, at least 50 below that of the network between the nodes.
             */
            mtu?: number;
        };
        /** @description What pods of a namespace may reach outside the cluster. Rules are read in order, the first that matches decides, and what none matches is allowed. */
        EgressNetworkPolicy: {
            /** @enum {string} */
            apiVersion: "network.openshift.io/v1";
            /** @enum {string} */
            kind: "EgressNetworkPolicy";
            metadata: components["schemas"]["ObjectMeta"];
            /** @description The rules of this policy. */
            spec: {
                /** @description The rules, in order. */
                egress: {
                    /**
                     * @description Allow or Deny.
                     * @enum {string}
                     */
                    type: "Allow" | "Deny";
                    /** @description The destination; exactly one of its fields is set. */
                    to: {
                        /** @description A range of addresses. */
                        cidrSelector?: string;
                        /** @description A host name; the rule follows the addresses it resolves to. */
                        dnsName?: string;
                    };
                }[];
            };
        };
        /** @description Addresses that namespaces may ask for, by the annotation egress.sdn-compat.io/request of the Namespace. The controller writes those that it gives into the egressIPs of the NetNamespace. */
        EgressPool: {
            /** @enum {string} */
            apiVersion: "egress.sdn-compat.io/v1";
            /** @enum {string} */
            kind: "EgressPool";
            metadata: components["schemas"]["ObjectMeta"];
            spec: {
                /** @description The addresses, given in this order: 192.168.7.100, 192.168.7.100-192.168.7.120 or 192.168.7.128/28. At most 65,536 in all. Only those are given that a HostSubnet may host. */
                ranges: string[];
                /**
                 * Format: int32
                 * @description The most addresses of this pool for one namespace; as many as it asks for if absent.
                 */
                quota?: number;
            };
            /** @description Written by the controller alone. It decides whose an address is before a NetNamespace shows it. */
            status?: {
                /** @description Whose each address is that was given, until the namespace has let go of it. */
                granted?: {
                    /** @description The address. */
                    address: string;
                    /** @description Name of the Namespace. */
                    namespace: string;
                    /** @description Its uid; one made again under the name has another. */
                    uid?: string;
                }[];
                /** @description Addresses for which another machine answered when a node asked for them; not given again within an hour. */
                inUse?: {
                    /** @description The address. */
                    address: string;
                    /** @description When that was found out. */
                    since: string;
                }[];
            };
        };
        /** @description A node's part of the pod network, and the egress IPs it hosts. It has the name of its Node. */
        HostSubnet: {
            /** @enum {string} */
            apiVersion: "network.openshift.io/v1";
            /** @enum {string} */
            kind: "HostSubnet";
            metadata: components["schemas"]["ObjectMeta"];
            /** @description Name of the node, the same as the name of this object. */
            host: string;
            /** @description Address of the node between nodes, the end point of its VXLAN tunnels. */
            hostIP: string;
            /** @description Range that the pods of this node get their addresses from. */
            subnet?: string;
            /** @description Egress IPs that this node hosts. Set it by hand where egressCIDRs is empty; where that is set, the controller writes this list. A prefix length is accepted and cut off. */
            egressIPs?: string[] | null;
            /** @description Ranges of egress IPs that the controller may put on this node by itself. */
            egressCIDRs?: string[] | null;
        };
        /** @description A namespace's virtual network - its VNID, and the egress IPs its pods leave the cluster with. It has the name of its Namespace. */
        NetNamespace: {
            /** @enum {string} */
            apiVersion: "network.openshift.io/v1";
            /** @enum {string} */
            kind: "NetNamespace";
            metadata: components["schemas"]["ObjectMeta"];
            /** @description Name of the namespace, the same as the name of this object. */
            netname: string;
            /**
             * Format: int32
             * @description The VNID, carried by each packet of the namespace on the overlay; 0 is the global one.
             */
            netid: number;
            /** @description Addresses that traffic from this namespace's pods leaves the cluster with. While there is one and no node hosts it, that traffic is dropped; with none it leaves with the address of the pod's node. */
            egressIPs?: string[] | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
