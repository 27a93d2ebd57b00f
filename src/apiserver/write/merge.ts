/** Patches that are objects: JSON merge patch (RFC 7386) and strategic merge patch, which merges lists by key. */
import { isJsonArray, isJsonObject, type Json, jsonEqual, type JsonObject } from '../../model/values/json.ts';
import { badRequest } from '../refusal.ts';

/** The target with the patch merged in; null deletes. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const old = result[key];
    if (value === null || value === undefined) Reflect.deleteProperty(result, key);
    else result[key] = isJsonObject(value) ? mergePatch(isJsonObject(old) ? old : {}, value) : value;
  }
  return result;
}

/** The lists that merge by a key of their items, by field name; others are replaced. */
export type MergeKeys = Readonly<Partial<Record<string, string>>>;

/** Those of most built-in kinds. */
const mergeKeys: MergeKeys = {
  addresses: 'type',
  conditions: 'type',
  containers: 'name',
  env: 'name',
  ephemeralContainers: 'name',
  hostAliases: 'ip',
  imagePullSecrets: 'name',
  initContainers: 'name',
  ownerReferences: 'uid',
  podIPs: 'ip',
  ports: 'containerPort',
  taints: 'key',
  topologySpreadConstraints: 'topologyKey',
  volumeDevices: 'devicePath',
  volumeMounts: 'mountPath',
  volumes: 'name',
};

/** The lists of a kind that merge, by the plural of its name; a field of one name may differ between kinds. */
export function mergeKeysOf(plural: string): MergeKeys {
  if (plural === 'services') return { ...mergeKeys, ports: 'port' };
  return plural === 'endpointslices' ? { ...mergeKeys, ports: undefined } : mergeKeys;
}

const primitiveLists = ['finalizers'];
const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

function mergeByKey(target: readonly Json[], patch: readonly Json[], key: string, keys: MergeKeys): readonly Json[] {
  if (patch.some((item) => isJsonObject(item) && item['$patch'] === 'replace')) {
    return patch.filter((item) => !isJsonObject(item) || item['$patch'] === undefined);
  }
  const result = [...target];
  for (const item of patch) {
    if (!isJsonObject(item) || item[key] === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const index = result.findIndex((old) => isJsonObject(old) && jsonEqual(old[key], item[key]));
    const old = result[index];
    if (item['$patch'] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (isJsonObject(old)) result[index] = strategicPatch(old, item, keys);
    else result.push(strategicPatch({}, item, keys));
  }
  return result;
}

/** The items in the order of the patch; items that it does not name keep their relative order, at the end. */
function ordered(items: readonly Json[], order: readonly Json[], key: string | undefined): readonly Json[] {
  const rank = (item: Json): number => {
    const at = order.findIndex((wanted) =>
      key !== undefined && isJsonObject(wanted) && isJsonObject(item)
        ? jsonEqual(wanted[key], item[key])
        : jsonEqual(wanted, item),
    );
    return at < 0 ? order.length : at;
  };
  return items.toSorted((a, b) => rank(a) - rank(b));
}

function patchedList(old: Json | undefined, value: readonly Json[], key: string, keys: MergeKeys): readonly Json[] {
  const target = isJsonArray(old) ? old : [];
  const mergeKey = keys[key];
  if (mergeKey !== undefined) return mergeByKey(target, value, mergeKey, keys);
  if (!primitiveLists.includes(key)) return value;
  return [...target, ...value.filter((item) => !target.some((one) => jsonEqual(one, item)))];
}

function patchedValue(old: Json | undefined, value: Json, key: string, keys: MergeKeys): Json {
  if (isJsonArray(value)) return patchedList(old, value, key, keys);
  return isJsonObject(value) ? strategicPatch(isJsonObject(old) ? old : {}, value, keys) : value;
}

/** Applies the keys that begin with $: which list items to delete, and the order of a list. */
function applyDirectives(result: Record<string, Json | undefined>, patch: JsonObject, keys: MergeKeys): void {
  for (const [directive, value] of Object.entries(patch)) {
    if (!isJsonArray(value)) continue;
    const key = directive.slice(directive.indexOf('/') + 1);
    const list = result[key];
    if (!isJsonArray(list)) continue;
    if (directive.startsWith(deletePrefix))
      result[key] = list.filter((item) => !value.some((one) => jsonEqual(one, item)));
    if (directive.startsWith(orderPrefix)) result[key] = ordered(list, value, keys[key]);
  }
}

/** The target with the strategic patch merged in: lists by key, with `$patch`, `$setElementOrder` and the like. */
export function strategicPatch(target: JsonObject, patch: JsonObject, keys: MergeKeys = mergeKeys): JsonObject {
  if (patch['$patch'] === 'delete') return {};
  const result: Record<string, Json | undefined> = patch['$patch'] === 'replace' ? {} : { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    if (value === null || value === undefined) Reflect.deleteProperty(result, key);
    else result[key] = patchedValue(result[key], value, key, keys);
  }
  const retained = patch['$retainKeys'];
  if (isJsonArray(retained))
    for (const key of Object.keys(result)) if (!retained.includes(key)) Reflect.deleteProperty(result, key);
  applyDirectives(result, patch, keys);
  return result;
}
