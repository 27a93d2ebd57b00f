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

/** What a node is to egress IPs that drain: they leave a cordoned one if enough others have room for whatever comes. */
export type Mark = 'cordoned' | 'limited' | 'roomy';

/** The online nodes with egressCIDRs, and what is known of them. */
export interface PlacesInput {
  readonly nodes: readonly NodeName[];
  readonly labels: NodeLabels;
  /** Of each node; undefined while no egress IP must leave one. */
  readonly marks: readonly Mark[] | undefined;
}

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
  readonly #marks: readonly Mark[] | undefined;
  /** By class and number of IPs: the class without cordoned nodes. */
  readonly #left = new Map<string, number>();

  constructor(classes: Classes, { nodes, labels, marks }: PlacesInput) {
    this.#classes = classes;
    this.#nodes = nodes;
    this.#numbers = new Map(nodes.map((node, index) => [node, index]));
    this.#labels = labels;
    this.#marks = marks;
  }

  /**
   * The class of the IP. An IP that an absent HostSubnet lists may only stay where it is, since it must not be in two
   * places. Of nodes of which nobody knows whether they are selected, it may be on those where it is. `leaving` is how
   * many IPs its VNID requests, if these leave cordoned nodes.
   */
  of(tracked: TrackedIp, placement: JoinedPlacement | undefined, leaving?: number): number | Exclusion {
    const found = this.#selectedPlace(tracked, placement);
    if (typeof found === 'string' || leaving === undefined || this.#marks === undefined) return found;
    return tracked.absentHosts > 0 ? found : this.#uncordoned(found, leaving, this.#marks);
  }

  #selectedPlace(tracked: TrackedIp, placement: JoinedPlacement | undefined): number | Exclusion {
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

  /**
   * The class without cordoned nodes. A node has one IP of a VNID at most: if there are as many nodes with room as the
   * VNID has IPs, none of them lacks one; else they may stay where they are.
   */
  #uncordoned(found: number, count: number, marks: readonly Mark[]): number {
    const key = `${found} ${count}`;
    const known = this.#left.get(key);
    if (known !== undefined) return known;
    this.#classes.except();
    const nodes = [...(this.#classes.all[found] ?? [])];
    const others = nodes.filter((node) => marks[node] !== 'cordoned');
    const hasRoom = others.filter((node) => marks[node] === 'roomy').length >= count;
    const left = hasRoom ? this.#classes.only(others) : found;
    this.#left.set(key, left);
    return left;
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
