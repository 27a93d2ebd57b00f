import { isBefore, releaseOf } from '../../src/migrate/release.ts';
import { make, snapshotOf } from './snapshots.ts';

const named = (name: string, version: string) =>
  releaseOf(
    snapshotOf([make.any('config.openshift.io/v1', 'ClusterVersion', { name }, { status: { desired: { version } } })]),
  );

describe('the release of OpenShift', () => {
  it.each([
    ['4.16.3', { major: 4, minor: 16 }],
    ['4.9.0-rc.1', { major: 4, minor: 9 }],
    ['12.0.1', { major: 12, minor: 0 }],
    ['4.16', undefined],
    ['v4.16.3', undefined],
    ['', undefined],
  ])('is read from its version: "%s"', (version, release) => {
    expect(named('version', version)).toEqual(release);
  });

  it('is that of the ClusterVersion `version` and of no other', () => {
    expect(named('other', '4.16.3')).toBeUndefined();
    expect(releaseOf(snapshotOf([]))).toBeUndefined();
  });

  it.each([
    [{ major: 4, minor: 12 }, true],
    [{ major: 4, minor: 13 }, false],
    [{ major: 4, minor: 14 }, false],
    [{ major: 3, minor: 99 }, true],
    [{ major: 5, minor: 0 }, false],
    [undefined, false],
  ])('comes before 4.13 or not: %j', (release, before) => {
    expect(isBefore(release, 13)).toBe(before);
  });
});
