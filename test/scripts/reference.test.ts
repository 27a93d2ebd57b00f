import { Command, Option } from 'commander';
import { Gauge, Registry } from 'prom-client';
import { type Described, reference } from '../../scripts/reference.ts';

const program = new Command('tool').description('a tool');
program
  .command('run <thing>')
  .description('run it')
  .option('--plain', 'say less', false)
  .addOption(new Option('--mode <mode>', 'how | why').choices(['a', 'b']).default('a'))
  .addOption(new Option('--secret', 'for tests').hideHelp());
program.command('inner', { hidden: true }).description('not for people');
const kinds: readonly Described[] = [
  {
    kind: 'Thing',
    schema: {
      description: 'A thing.',
      required: ['size'],
      properties: {
        metadata: { type: 'object' },
        size: { type: 'integer', description: 'How large.' },
        parts: { type: 'array', items: { type: 'object', properties: { kind: { type: 'string' } } } },
      },
    },
  },
];

test('the reference has commands, options, fields and metrics, and nothing that is hidden', async () => {
  const registry = new Registry();
  new Gauge({ name: 'things', help: 'Things that are there', registers: [registry] });
  const text = await reference(program, kinds, { tool: registry });
  expect(text).toContain('### tool run <thing>\n\nrun it');
  expect(text).toContain('| `--plain` | say less |');
  expect(text).toContain('| `--mode <mode>` | how \\| why. One of `a`, `b`. Default: "a". |');
  expect(text).toContain('| `size` | integer, required | How large. |');
  expect(text).toContain('| `parts[].kind` | string |  |');
  expect(text).toContain('| `things` | gauge | Things that are there |');
  expect(text).toContain('netnamespace.network.openshift.io/multicast-enabled');
  expect(text).not.toMatch(/secret|inner|`metadata`/);
});
