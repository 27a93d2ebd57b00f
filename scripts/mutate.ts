/**
 * `npm run mutate -- [FOLDER…] [--sample N] [--seed N] [--workers N] [--near]`: changes one thing at a time in a copy of
 * the sources and runs the unit tests of that layer, to find what no test would notice. Prints the changes that survive
 * and their share. The folders are src/model, src/migrate and src/node/plan when none is given. With `--near` only the
 * file's own test and those of its folder run: quicker, and tests of whole commands cannot time out on a busy machine.
 */
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';

/** One change of a source: what stands from `start` to `end` becomes `text`. */
interface Mutant {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const operators = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
]);
const methods = new Map([
  ['some', 'every'],
  ['every', 'some'],
]);
const dropped = new Set(['filter', 'sort', 'toSorted', 'reverse', 'toReversed', 'slice']);

function mutantsOf(file: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: Mutant[] = [];
  const replace = (node: ts.Node, text: string): void => {
    found.push({ file, start: node.getStart(tree), end: node.getEnd(), text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isBinaryExpression(node)) {
      const other = operators.get(node.operatorToken.kind);
      const isText = ts.isStringLiteralLike(node.left) || ts.isStringLiteralLike(node.right);
      if (other !== undefined && !(isText && other === '-')) replace(node.operatorToken, other);
    } else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
      replace(node, node.operand.getText(tree));
    } else if (node.kind === ts.SyntaxKind.TrueKeyword) replace(node, 'false');
    else if (node.kind === ts.SyntaxKind.FalseKeyword) replace(node, 'true');
    else if (ts.isNumericLiteral(node)) replace(node, String(Number(node.text) + 1));
    else if (ts.isConditionalExpression(node)) replace(node.condition, `!(${node.condition.getText(tree)})`);
    else if (ts.isIfStatement(node)) replace(node.expression, `!(${node.expression.getText(tree)})`);
    else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      const other = methods.get(name.text);
      if (other !== undefined) replace(name, other);
      else if (dropped.has(name.text)) replace(node, expression.getText(tree));
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** A generator of numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string' },
    near: { type: 'boolean', default: false },
  },
});
const folders = positionals.length > 0 ? positionals : ['src/model', 'src/migrate', 'src/node/plan'];
const files = folders.flatMap((folder) => globSync(`${folder}/**/*.ts`)).sort();
const all = (await Promise.all(files.map(async (file) => mutantsOf(file, await readFile(file, 'utf8'))))).flat();
const random = randomFrom(Number(values.seed));
const chosen = all
  .map((mutant) => ({ mutant, order: random() }))
  .sort((a, b) => a.order - b.order)
  .slice(0, Number(values.sample))
  .map(({ mutant }) => mutant);

const copy = await mkdtemp(join(tmpdir(), 'sdn-compat-mutate-'));
for (const name of [
  'api',
  'config',
  'docs',
  'scripts',
  'src',
  'test',
  'package.json',
  'tsconfig.json',
  'jest.config.js',
])
  await cp(name, join(copy, name), { recursive: true });
for (const name of ['node_modules', '.tools'])
  await symlink(join(process.cwd(), name), join(copy, name)).catch(() => undefined);

/** Whether the unit tests with such a path fail. */
function fails(testPath: string): Promise<boolean> {
  const args = ['--selectProjects', 'unit', '--bail', '--silent', '--passWithNoTests', '--testPathPatterns', testPath];
  const workers = values.workers === undefined ? [] : [`--maxWorkers=${values.workers}`];
  return new Promise((resolve) => {
    const options = { cwd: copy, timeout: 300_000, maxBuffer: 2 ** 26 };
    execFile(join(copy, 'scripts/jest'), [...args, ...workers], options, (error) => resolve(error !== null));
  });
}

/** Whether unit tests notice: the file's own test first, then those of its folder, then those of its layer. */
async function isNoticed({ file }: Mutant): Promise<boolean> {
  const test = file.replace(/^src\//, 'test/');
  const [, layer = ''] = file.split('/');
  const near = [test.replace(/\.ts$/, '[.]test'), `${dirname(test)}/`];
  for (const path of values.near ? near : [...near, `test/${layer}/`]) if (await fails(path)) return true;
  return false;
}

function lineOf(source: string, position: number): number {
  return source.slice(0, position).split('\n').length;
}

let survived = 0;
try {
  for (const [index, mutant] of chosen.entries()) {
    const path = join(copy, mutant.file);
    const source = await readFile(path, 'utf8');
    await writeFile(path, source.slice(0, mutant.start) + mutant.text + source.slice(mutant.end));
    if (!(await isNoticed(mutant))) {
      survived++;
      const was = source.slice(mutant.start, mutant.end).replaceAll(/\s+/g, ' ').slice(0, 60);
      const is = mutant.text.replaceAll(/\s+/g, ' ').slice(0, 60);
      console.log(`${mutant.file}:${lineOf(source, mutant.start)}: ${was} -> ${is}`);
    }
    await writeFile(path, source);
    if ((index + 1) % 10 === 0) console.error(`${index + 1} of ${chosen.length}, ${survived} not noticed`);
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
const share = ((100 * survived) / Math.max(chosen.length, 1)).toFixed(1);
console.log(`${survived} of ${chosen.length} changes not noticed (${share} %), of ${all.length} that could be made`);
