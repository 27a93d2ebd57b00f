/** podman as it runs where limits cannot be raised and cgroups are of version 1, too. */
export const podmanCommand = ['podman', '--cgroup-manager=cgroupfs', '--runtime=runc'] as const;

/** The options of `run` for such a machine. */
export const podmanLimits = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=1024:1024'] as const;
