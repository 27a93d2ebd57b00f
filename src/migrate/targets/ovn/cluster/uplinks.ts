/** Finds what becomes of the network between the nodes, and of the way out of them: MTU, ports, routes. */
import { configMaps } from '../../../../../api/kinds.ts';
import type { Finding } from '../../../findings/finding.ts';
import {
  clusterMTU,
  genevePort,
  mtuConfigMapInvalid,
  mtuConfigMapMissing,
  mtuConfigMapStale,
  mtuConfigMapUnknown,
  type MTUSource,
  mtuTooLarge,
  nodeRoutesLost,
  nodeRoutesUnknown,
} from '../../../findings/uplinks.ts';
import { mtuConfigMap } from '../../../kinds/configmap.ts';
import { isBefore, liveSince } from '../../../release.ts';
import type { Part } from '../../../translation.ts';
import type { Context } from '../context.ts';
import { networkOperator } from './operator.ts';

const vxlanOverhead = 50;
const geneveOverhead = 100;
const defaultGenevePort = 6081;

/** Makes findings, and no changes. */
export function uplinkPart(context: Context): Part {
  return {
    changes: [],
    findings: [
      ...mtuFindings(context),
      ...mtuConfigMapFindings(context),
      ...portFindings(context),
      ...routeFindings(context),
    ],
  };
}

function mtuFindings(context: Context): readonly Finding[] {
  if (context.network === undefined) return [];
  const { mtu } = context.network;
  return [clusterMTU({ mtu, vxlan: vxlanOverhead, geneve: geneveOverhead }), ...tooLargeMTU(context, mtu)];
}

/** Compares the MTU that pods will get with that between nodes. */
function tooLargeMTU(context: Context, mtu: number | undefined): readonly Finding[] {
  const configured = networkOperator(context.snapshot)?.mtu;
  const wanted = [
    { field: 'spec.migration.mtu.network.to', value: configured?.migration },
    { field: 'spec.defaultNetwork.ovnKubernetesConfig.mtu', value: configured?.ovn },
  ];
  const sources: readonly (readonly [MTUSource, number | undefined])[] = [
    ['configured', configured?.machine],
    ['found', foundMTU(context)],
    ['derived', mtu === undefined ? undefined : mtu + vxlanOverhead],
  ];
  const known = sources.flatMap(([source, between]) => (between === undefined ? [] : [{ source, between }]));
  const [best] = known;
  return wanted.flatMap(({ field, value }) => {
    if (best === undefined || value === undefined || value + geneveOverhead <= best.between) return [];
    return [mtuTooLarge({ field, value, ...best, mtu, geneve: geneveOverhead })];
  });
}

/** data.mtu of the operator's ConfigMap; undefined if the input does not have it. */
function mtuText({ snapshot }: Context): string | undefined {
  const { namespace, name } = mtuConfigMap;
  const found = snapshot.configMaps.find((one) => one.namespace === namespace && one.name === name);
  return found === undefined ? undefined : (found.data['mtu'] ?? '');
}

function foundMTU(context: Context): number | undefined {
  const text = mtuText(context) ?? '';
  return /^[1-9]\d{2,4}$/.test(text) ? Number(text) : undefined;
}

function mtuConfigMapFindings(context: Context): readonly Finding[] {
  const text = mtuText(context);
  if (text === undefined) return mtuUnseen(context);
  const [found, mtu] = [foundMTU(context), context.network?.mtu];
  if (found === undefined) return [mtuConfigMapInvalid({ text })];
  const isStale = mtu !== undefined && mtu + vxlanOverhead > found;
  return isStale ? [mtuConfigMapStale({ found, mtu, vxlan: vxlanOverhead })] : [];
}

function mtuUnseen({ snapshot, release, isOpenShift }: Context): readonly Finding[] {
  // a missing right is a finding already
  if (!isOpenShift || isBefore(release, liveSince) || snapshot.unread.some(({ kind }) => kind === configMaps))
    return [];
  const isMissing = snapshot.notFound.some(
    ({ kind, namespace, name }) =>
      kind === configMaps.kind && namespace === mtuConfigMap.namespace && name === mtuConfigMap.name,
  );
  return [isMissing ? mtuConfigMapMissing(undefined) : mtuConfigMapUnknown(undefined)];
}

function portFindings({ network, snapshot }: Context): readonly Finding[] {
  if (network === undefined) return [];
  const geneve = networkOperator(snapshot)?.genevePort ?? defaultGenevePort;
  return [genevePort({ vxlan: network.vxlanPort, geneve })];
}

/** With routingViaHost pods' traffic goes by the routes of the nodes, as it does today. */
function routeFindings({ network, snapshot }: Context): readonly Finding[] {
  if (network === undefined || networkOperator(snapshot)?.routingViaHost === true) return [];
  return [
    nodeRoutesUnknown(undefined),
    ...snapshot.nodeNetworks
      .filter(({ routes }) => routes.length > 0)
      .map(({ name, routes }) => nodeRoutesLost({ name, routes })),
  ];
}
