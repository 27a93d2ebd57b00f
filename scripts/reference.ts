/** docs/reference.md: every command with its options, every field of the CRDs, every metric, from where they are made. */
import type { Command, Option } from 'commander';
import type { Registry } from 'prom-client';
import { changeNetworkAnnotation } from '../src/controllers/netids/request.ts';
import {
  closedAnnotation,
  keptAnnotation,
  labeledAnnotation,
  multicastMark,
  ownRulesAnnotation,
} from '../src/facade/plan/marks.ts';
import { egressIpConfigAnnotation } from '../src/model/objects/cloud.ts';
import { drainAnnotation } from '../src/model/objects/drain.ts';
import { bandwidthAnnotation, excludedAnnotation, ruleAnnotations } from '../src/model/objects/egressrules.ts';
import { placementAnnotations } from '../src/model/objects/placement.ts';
import {
  assignSubnetAnnotation,
  fixedVnidAnnotation,
  macvlanAnnotation,
  multicastAnnotation,
  nodeUidAnnotation,
} from '../src/model/objects/well-known.ts';
import { bandwidthAnnotations } from '../src/node/cni/bandwidth.ts';

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** A kind as its CRD has it. */
export interface Described {
  readonly kind: string;
  readonly schema: Schema;
}

const cell = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim();

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** An option's help as sentences, with its choices and its default where the help itself does not say it. */
function described(option: Option): string {
  const { description, argChoices, defaultValueDescription } = option;
  const value: unknown = option.defaultValue;
  const isSaid = value === undefined || value === false || description.includes('(default');
  const more = [
    ...(argChoices === undefined ? [] : [`One of ${argChoices.map((one) => `\`${one}\``).join(', ')}.`]),
    ...(isSaid ? [] : [`Default: ${defaultValueDescription ?? JSON.stringify(value)}.`]),
  ];
  return more.length === 0 ? description : [`${description.replace(/\.$/, '')}.`, ...more].join(' ');
}

function commandPart(command: Command, path: string): readonly string[] {
  const name = `${path} ${command.name()}`.trim();
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');
  const options = command.options.filter((one) => !one.hidden);
  const usage = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`));
  const own = [
    `### ${[name, ...usage].join(' ')}`,
    command.description(),
    ...(options.length === 0
      ? []
      : [
          table(
            ['option', 'what it does'],
            options.map((one) => [`\`${one.flags}\``, described(one)]),
          ),
        ]),
  ];
  return [...own, ...visible.flatMap((one) => commandPart(one, name))];
}

/** The rows of a schema's fields; those of objects in it have its name before theirs. */
function fieldRows(schema: Schema, before = ''): readonly (readonly string[])[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    if (before === '' && ['apiVersion', 'kind', 'metadata'].includes(name)) return [];
    const inner = field.items ?? field;
    const path = `${before}${name}${field.items === undefined ? '' : '[]'}`;
    const type = field.items === undefined ? (field.type ?? '') : `list of ${field.items.type ?? ''}`;
    const need = schema.required?.includes(name) === true ? ', required' : '';
    return [[`\`${path}\``, `${type}${need}`, field.description ?? ''], ...fieldRows(inner, `${path}.`)];
  });
}

function kindPart({ kind, schema }: Described): readonly string[] {
  return [`### ${kind}`, schema.description ?? '', table(['field', 'type', 'what it is'], fieldRows(schema))];
}

async function metricRows(registry: Registry): Promise<readonly (readonly string[])[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.map(({ name, help, type }) => [`\`${name}\``, String(type), help]);
}

/** What each annotation that the program reads or writes means. */
const annotations: Readonly<Record<string, readonly [object: string, meaning: string]>> = {
  [changeNetworkAnnotation]: [
    'NetNamespace',
    '`join:NAMESPACE`, `isolate` or `global`: what `oc adm pod-network` asks for',
  ],
  [multicastAnnotation]: ['NetNamespace', '`true`: its pods may send to multicast groups'],
  [ruleAnnotations.destinations]: ['NetNamespace', 'only traffic to these takes an egress IP (`docs/finer-rules.md`)'],
  [ruleAnnotations.except]: ['NetNamespace', 'traffic to these takes no egress IP'],
  [ruleAnnotations.destinationIPs]: ['NetNamespace', '`CIDR=EGRESSIP`: which egress IP traffic to a network takes'],
  [ruleAnnotations.podSelector]: ['NetNamespace', 'a label selector: only pods that it selects take an egress IP'],
  [bandwidthAnnotation]: [
    'NetNamespace',
    'what its pods may send by each of its egress IPs in a second, from `1k` to `1P` bits',
  ],
  [placementAnnotations.nodeSelector]: [
    'NetNamespace',
    'a label selector: the only nodes on which automatic assignment puts its egress IPs (`docs/finer-rules.md`)',
  ],
  [placementAnnotations.noFailback]: [
    'NetNamespace',
    '`true`: its egress IPs stay where they are when another node is back',
  ],
  [drainAnnotation]: [
    'NetNamespace',
    'for how long connections stay on the old node of an egress IP that moves while that is online, as `10m` (`docs/finer-rules.md`)',
  ],
  [excludedAnnotation]: ['ClusterNetwork', 'networks that no egress IP is for'],
  [assignSubnetAnnotation]: ['HostSubnet', '`true` on one of a host outside the cluster: it is given a subnet'],
  [fixedVnidAnnotation]: ['HostSubnet', 'the VNID of all packets to that host'],
  [nodeUidAnnotation]: ['HostSubnet', 'written by the controllers: the uid of its Node'],
  [egressIpConfigAnnotation]: ['Node', "the cloud's limits for egress IPs, written by the cloud network controller"],
  [bandwidthAnnotations.ingress]: ['Pod', 'what it may receive in a second, as a quantity from `1k` to `1P` bits'],
  [bandwidthAnnotations.egress]: ['Pod', 'what it may send in a second'],
  [closedAnnotation]: ['EgressFirewall', 'written by the facade: the rules with which it closes the namespace'],
  [ownRulesAnnotation]: ['EgressFirewall', "written by the facade: the user's own rules, which come back"],
  [keptAnnotation]: ['NetNamespace', 'written by the facade: both kinds of rules, should the EgressFirewall lose them'],
  [labeledAnnotation]: ['Node', 'written by the facade: it gave the Node the label of hosting nodes'],
  [multicastMark]: ['Namespace', "written by the facade: it turned OVN-Kubernetes' multicast on"],
  [macvlanAnnotation]: [
    'Pod',
    'asks for the interface of an egress router, `true` or the name of a NIC (`docs/egress-router.md`)',
  ],
};

/** The document. */
export async function reference(
  program: Command,
  kinds: readonly Described[],
  registries: Readonly<Record<string, Registry>>,
): Promise<string> {
  const metrics = Object.entries(registries).map(async ([who, registry]) => [
    `### Of the ${who}`,
    table(['metric', 'type', 'what it is'], await metricRows(registry)),
  ]);
  const parts = [
    '# Reference',
    'Made from the program by `npm run generate`. Events are listed in [controller.md](controller.md), the findings of a migration in [migrate.md](migrate.md).',
    '## Commands',
    ...commandPart(program, ''),
    '## Fields',
    ...kinds.flatMap(kindPart),
    '## Annotations',
    table(
      ['annotation', 'of a', 'what it means'],
      Object.entries(annotations).map(([name, row]) => [`\`${name}\``, ...row]),
    ),
    '## Metrics',
    ...(await Promise.all(metrics)).flat(),
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}
