// The commands of CNI 1.1, which the libcni of Debian 12 does not know: STATUS, and GC with the IDs of the sandboxes that stay.
package main

import (
	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"
)

func init() {
	commands["STATUS"] = func(plugins *libcni.CNIConfig, list *libcni.NetworkConfigList, _ []string) error {
		return plugins.GetStatusNetworkList(ctx, list)
	}
	commands["GC"] = func(plugins *libcni.CNIConfig, list *libcni.NetworkConfigList, ids []string) error {
		valid := []types.GCAttachment{}
		for _, id := range ids {
			valid = append(valid, types.GCAttachment{ContainerID: id, IfName: "eth0"})
		}
		return plugins.GCNetworkList(ctx, list, &libcni.GCArgs{ValidAttachments: valid})
	}
}
