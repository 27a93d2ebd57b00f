/**
 * The versions of Node.js that can run this program: `engines` in package.json, and what scripts/setup installs
 * otherwise.
 */
const least = { major: 22, minor: 19 } as const;

/** Why this version of Node.js cannot run the program and what to do; undefined if it can. */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > least.major || (major === least.major && minor >= least.minor)) return undefined;
  return `Node.js ${least.major}.${least.minor} or later is needed and this is ${version}; install one, or run 'make build', which installs one beside the program`;
}
