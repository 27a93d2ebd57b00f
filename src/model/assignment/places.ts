/** Where each IP may go: the CIDRs of nodes, and the nodes that namespaces select. */
import type { TrackedIp } from '../egress/tracked-ips.ts';
import type { Unusable } from '../egress/unusable.ts';
import { isSelective, type JoinedPlacement, type NodeLabels, selectorsText, selects } from '../objects/placement.ts';
import type { NodeName } from '../values/names.ts';
import type { Classes } from './classes.ts';

/** Why an IP is excluded from the assignment. */
export type Exclusion =
  | 'EgressIPInSeveralNamespaces'
  | Unusable['code']
  | 'ListedByHand'
  | 'ListedByAbsentHostSubnet'
  | 'NoCIDRContainsEgressIP'
  | 'NoSelectedNode';

/** What else than requests and nodes decides where items may go. */
export type Dependence = 'nothing' | 'labels' | 'labels and homes';

/** Where each IP may go, given what its namespaces say. */
export class Places {
  dependsOn: Dependence = 'nothing';
  readonly #classes: Classes;
  readonly #nodes: readonly NodeName[];
  readonly #numbers: ReadonlyMap<NodeName, number>;
  readonly #labels: NodeLabels;
  /** By what the placements say: whether each node is selected; undefined if that is not known. */
  readonly #verdicts = new Map<string, readonly (boolean | undefined)[]>();
  /** By what the placement says and the class of the CIDRs: those of its nodes that are selected. */
  readonly #selected = new Map<string, readonly number[]>();

  constructor(classes: Classes, nodes: readonly NodeName[], labels: NodeLabels) {
    this.#classes = classes;
    this.#nodes = nodes;
    this.#numbers = new Map(nodes.map((node, index) => [node, index]));
    this.#labels = labels;
  }

  /**
   * The class of the IP. An IP that an absent HostSubnet lists may only stay where it is, since it must not be in two
   * places. Of nodes of which nobody knows whether they are selected, it may be on those where it is.
   */
  of(tracked: TrackedIp, placement: JoinedPlacement | undefined): number | Exclusion {
    const found = this.#classes.of(tracked.key);
    if (found < 0) return 'NoCIDRContainsEgressIP';
    const isAbsent = tracked.absentHosts > 0;
    const isChosen = placement !== undefined && isSelective(placement);
    if (!isAbsent && !isChosen) return found;
    this.#classes.except();
    const verdicts = isChosen ? this.#verdictsOf(placement) : undefined;
    const here = this.#homes(tracked, found).filter((node) => verdicts?.[node] !== false);
    if (isAbsent) return here.length === 0 ? 'ListedByAbsentHostSubnet' : this.#classes.only(here);
    if (!isChosen) return found;
    const selected = this.#selectedOf(found, placement);
    const unknown = here.filter((node) => verdicts?.[node] === undefined);
    if (unknown.length === 0 && selected.length === 0) return 'NoSelectedNode';
    return this.#classes.only(unknown.length === 0 ? selected : [...new Set([...selected, ...unknown])]);
  }

  /** The nodes of the class that list it. */
  #homes({ hosts }: TrackedIp, found: number): readonly number[] {
    return hosts.flatMap(({ node }) => this.#numbers.get(node) ?? []).filter((node) => this.#classes.has(found, node));
  }

  #verdictsOf(placement: JoinedPlacement): readonly (boolean | undefined)[] {
    const text = selectorsText(placement);
    const known = this.#verdicts.get(text);
    if (known !== undefined) return known;
    const made = this.#nodes.map((node) => selects(placement, this.#labels.get(node)));
    this.#verdicts.set(text, made);
    if (made.includes(undefined)) this.dependsOn = 'labels and homes';
    else if (this.dependsOn === 'nothing') this.dependsOn = 'labels';
    return made;
  }

  #selectedOf(found: number, placement: JoinedPlacement): readonly number[] {
    const text = `${found} ${selectorsText(placement)}`;
    const known = this.#selected.get(text);
    if (known !== undefined) return known;
    const verdicts = this.#verdictsOf(placement);
    const made = [...(this.#classes.all[found] ?? [])].filter((node) => verdicts[node] === true);
    this.#selected.set(text, made);
    return made;
  }
}
