# make lab   installs what is missing, builds, and runs the egress IP walkthrough with real packets, on the worst hosts
# make test  runs every test
.PHONY: chaos soak lab test test-full check build setup bench clean

ENV = . scripts/env &&
SOURCES = $(shell find src api -name '*.ts' -o -name '*.tsx' -o -name '*.css' -o -name '*.yaml') package.json $(wildcard scripts/*.ts)

lab: setup dist/sdn-compat.js
	@bin/sdn-compat lab walkthrough --host worst

# make lab-facade   the same walkthrough where a stand-in for OVN-Kubernetes assigns and forwards: BUILD=A to D
.PHONY: lab-facade
BUILD ?= B
lab-facade: setup dist/sdn-compat.js
	@bin/sdn-compat lab walkthrough --host worst --ovn $(BUILD)

test: setup dist/sdn-compat.js
	@scripts/test

test-full: setup dist/sdn-compat.js
	@scripts/test --full

# make test-api   holds any API server to what kubectl prints: SDN_COMPAT_TEST_KUBECONFIG=FILE, else our own
.PHONY: test-api
test-api: setup
	@scripts/jest --selectProjects lab --testPathPatterns test/e2e/kubectl

# make chaos SEED=n MINUTES=m: random faults and operations against the model
SEED ?= 1
MINUTES ?= 3
chaos: setup dist/sdn-compat.js
	@$(ENV) SEED=$(SEED) MINUTES=$(MINUTES) node test/chaos/run.ts

# make soak MINUTES=n: memory, file descriptors and logs stay flat
soak: setup dist/sdn-compat.js
	@$(ENV) MINUTES=$(MINUTES) node test/chaos/soak.ts

# make test-controllers   holds the controllers to an API server without nodes: SDN_COMPAT_TEST_KUBECONFIG=FILE, else our own
.PHONY: test-controllers
test-controllers: setup-npm
	@scripts/jest --selectProjects unit --runInBand --testPathPatterns test/controllers

# make test-facade   holds the facade to OVN-Kubernetes: SDN_COMPAT_TEST_KUBECONFIG=FILE, of BUILD=A to D, else our stand-in
.PHONY: test-facade
test-facade: setup-npm
ifdef SDN_COMPAT_TEST_KUBECONFIG
	@SDN_COMPAT_TEST_OVN=$(BUILD) scripts/jest --selectProjects unit --runInBand --forceExit --testPathPatterns test/facade/ \
		-t '$(if $(filter B,$(BUILD)),^(?!.*build [ACD]),(build $(BUILD)|sequence))'
else
	@scripts/jest --selectProjects unit --forceExit --testPathPatterns test/facade/
endif

# make test-kernel NAMES="cni failover"   the lab's tests on the kernel's datapath, in a kernel built for it where needed
.PHONY: test-kernel
test-kernel: setup dist/sdn-compat.js
	@scripts/test-kernel $(NAMES)

# make image      the image of config/Containerfile by buildah, podman or docker: IMAGE=name:tag BASE=image NODE=image
# make binary     single executables for x64 and arm64, with their checksums, in dist/binary
.PHONY: image binary
IMAGE_OPTIONS = $(if $(IMAGE),--tag $(IMAGE)) $(if $(BASE),--base $(BASE)) $(if $(NODE),--node $(NODE))
# a new tag changes no source, but the version in the bundle
image: setup-npm
	@$(ENV) npm run -s build && node scripts/image.ts $(IMAGE_OPTIONS)
binary: setup-npm dist/sdn-compat.js
	@$(ENV) node scripts/binary.ts

# make test-release   builds image, executable and package and starts each where nothing else is; real pods by containerd
# and podman
.PHONY: test-release
test-release: setup-npm dist/sdn-compat.js
	@scripts/setup --release
	@scripts/jest --selectProjects release --runInBand --forceExit

check: setup-npm
	@$(ENV) npm run -s check

build: setup-npm dist/sdn-compat.js

bench: setup-npm dist/sdn-compat.js
	@scripts/setup --bench
	@$(ENV) npm run -s bench

dist/sdn-compat.js: $(SOURCES)
	@$(ENV) npm run -s build

.PHONY: setup-npm
setup-npm:
	@scripts/setup

setup:
	@scripts/setup --lab

clean:
	@rm -rf dist coverage
