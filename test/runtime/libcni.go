// Calls a list of CNI plugins by the real libcni: libcni COMMAND LIST BIN and what the command takes, of which a sandbox
// is ID NETNS K8S_POD_NAMESPACE K8S_POD_NAME UID.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"
)

type command func(plugins *libcni.CNIConfig, list *libcni.NetworkConfigList, args []string) error

var ctx = context.Background()

var commands = map[string]command{
	"ADD": func(plugins *libcni.CNIConfig, list *libcni.NetworkConfigList, args []string) error {
		result, err := plugins.AddNetworkList(ctx, list, sandbox(args))
		if err != nil {
			return err
		}
		return result.PrintTo(os.Stdout)
	},
	"CHECK": func(plugins *libcni.CNIConfig, list *libcni.NetworkConfigList, args []string) error {
		return plugins.CheckNetworkList(ctx, list, sandbox(args))
	},
	"DEL": func(plugins *libcni.CNIConfig, list *libcni.NetworkConfigList, args []string) error {
		return plugins.DelNetworkList(ctx, list, sandbox(args))
	},
}

func sandbox(args []string) *libcni.RuntimeConf {
	return &libcni.RuntimeConf{
		ContainerID: args[0],
		NetNS:       args[1],
		IfName:      "eth0",
		Args: [][2]string{
			{"IgnoreUnknown", "1"},
			{"K8S_POD_NAMESPACE", args[2]},
			{"K8S_POD_NAME", args[3]},
			{"K8S_POD_INFRA_CONTAINER_ID", args[0]},
			{"K8S_POD_UID", args[4]},
		},
	}
}

func main() {
	name, file, bin := os.Args[1], os.Args[2], os.Args[3]
	list, err := libcni.ConfListFromFile(file)
	end(err)
	plugins := libcni.NewCNIConfigWithCacheDir([]string{bin}, filepath.Join(filepath.Dir(file), "cache"), nil)
	end(commands[name](plugins, list, os.Args[4:]))
}

func end(err error) {
	if err == nil {
		return
	}
	var answer *types.Error
	if errors.As(err, &answer) {
		fmt.Fprintf(os.Stderr, "code %d: ", answer.Code)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
