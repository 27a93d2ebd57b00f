/** The program's entry: checks the version of Node.js before loading anything that an old one cannot run. */
import { nodeProblem } from './node-version.ts';

const problem = nodeProblem(process.versions.node);
if (problem === undefined) void import('./main.ts').then(({ main }) => main());
else {
  process.stderr.write(`sdn-compat: ${problem}\n`);
  process.exitCode = 1;
}
