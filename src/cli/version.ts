/** What the build knows of the version: the git tag; see scripts/version.ts. Absent when the sources run as they are. */
declare const SDN_COMPAT_VERSION: string | undefined;

/** The version of the program, in `--version` and in plans. */
export const programVersion = typeof SDN_COMPAT_VERSION === 'string' ? SDN_COMPAT_VERSION : '0.1.0';
