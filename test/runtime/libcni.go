// Calls a list of CNI plugins by the real libcni: libcni COMMAND LIST BIN ID NETNS K8S_POD_NAMESPACE K8S_POD_NAME UID.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containernetworking/cni/libcni"
)

func main() {
	command, file, bin := os.Args[1], os.Args[2], os.Args[3]
	list, err := libcni.ConfListFromFile(file)
	end(err)
	plugins := libcni.NewCNIConfigWithCacheDir([]string{bin}, filepath.Join(filepath.Dir(file), "cache"), nil)
	sandbox := &libcni.RuntimeConf{
		ContainerID: os.Args[4],
		NetNS:       os.Args[5],
		IfName:      "eth0",
		Args: [][2]string{
			{"IgnoreUnknown", "1"},
			{"K8S_POD_NAMESPACE", os.Args[6]},
			{"K8S_POD_NAME", os.Args[7]},
			{"K8S_POD_INFRA_CONTAINER_ID", os.Args[4]},
			{"K8S_POD_UID", os.Args[8]},
		},
	}
	switch ctx := context.Background(); command {
	case "ADD":
		result, err := plugins.AddNetworkList(ctx, list, sandbox)
		end(err)
		end(result.PrintTo(os.Stdout))
	case "CHECK":
		end(plugins.CheckNetworkList(ctx, list, sandbox))
	case "DEL":
		end(plugins.DelNetworkList(ctx, list, sandbox))
	}
}

func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
