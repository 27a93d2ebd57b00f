/**
 * Builds of OVN-Kubernetes, oldest first, by what each does with EgressIPs: A is about OpenShift 4.16, B about 4.18, C
 * is B with the check of statuses that came in September 2025, D has the mending of that check of November 2025.
 */
export const builds = ['A', 'B', 'C', 'D'] as const;
export type Build = (typeof builds)[number];

/** How builds differ. */
export interface Habits {
  /** Whether it takes a status that somebody else wrote for its own. */
  readonly believesStatus: boolean;
  /** Whether the first write of a status replaces all annotations of the EgressIP by its mark. */
  readonly marks: boolean;
  /** Whether it remembers at its start what the statuses say. */
  readonly remembersAtStart: boolean;
  /** Whether, at its start, it places what is unassigned before it knows who has which address. */
  readonly overlooksAtStart: boolean;
}

export const habits: Readonly<Record<Build, Habits>> = {
  A: { believesStatus: true, marks: false, remembersAtStart: true, overlooksAtStart: true },
  B: { believesStatus: true, marks: true, remembersAtStart: true, overlooksAtStart: true },
  C: { believesStatus: false, marks: true, remembersAtStart: false, overlooksAtStart: false },
  D: { believesStatus: false, marks: true, remembersAtStart: true, overlooksAtStart: false },
};
