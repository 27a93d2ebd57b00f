/** The release of OpenShift. */
import type { Snapshot } from './snapshot.ts';

export interface Release {
  readonly major: number;
  readonly minor: number;
}

/** The release that ClusterVersion `version` names; undefined if there is none. */
export function releaseOf({ clusterVersions }: Pick<Snapshot, 'clusterVersions'>): Release | undefined {
  const text = clusterVersions.find(({ name }) => name === 'version')?.version ?? '';
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(text) ?? [];
  return major === undefined || minor === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}

/** Whether the release is known and comes before 4.`minor`. */
export function isBefore(release: Release | undefined, minor: number): boolean {
  return release !== undefined && (release.major < 4 || (release.major === 4 && release.minor < minor));
}

/** The first release with the vendor's live migration. */
export const liveSince = 15;
