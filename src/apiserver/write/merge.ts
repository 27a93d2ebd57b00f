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

/** The lists of built-in kinds that merge by a key of their items, by field name. */
const mergeKeys: Readonly<Record<string, string>> = {
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
const primitiveLists = ['finalizers'];
const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

function mergeByKey(target: readonly Json[], patch: readonly Json[], key: string): readonly Json[] {
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
    } else if (isJsonObject(old)) result[index] = strategicPatch(old, item);
    else result.push(strategicPatch({}, item));
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

function patchedList(old: Json | undefined, value: readonly Json[], key: string): readonly Json[] {
  const target = isJsonArray(old) ? old : [];
  const mergeKey = mergeKeys[key];
  if (mergeKey !== undefined) return mergeByKey(target, value, mergeKey);
  if (!primitiveLists.includes(key)) return value;
  return [...target, ...value.filter((item) => !target.some((one) => jsonEqual(one, item)))];
}

function patchedValue(old: Json | undefined, value: Json, key: string): Json {
  if (isJsonArray(value)) return patchedList(old, value, key);
  return isJsonObject(value) ? strategicPatch(isJsonObject(old) ? old : {}, value) : value;
}

/** Applies the keys that begin with $: which list items to delete, and the order of a list. */
function applyDirectives(result: Record<string, Json | undefined>, patch: JsonObject): void {
  for (const [directive, value] of Object.entries(patch)) {
    if (!isJsonArray(value)) continue;
    const key = directive.slice(directive.indexOf('/') + 1);
    const list = result[key];
    if (!isJsonArray(list)) continue;
    if (directive.startsWith(deletePrefix))
      result[key] = list.filter((item) => !value.some((one) => jsonEqual(one, item)));
    if (directive.startsWith(orderPrefix)) result[key] = ordered(list, value, mergeKeys[key]);
  }
}

/** The target with the strategic patch merged in: lists by key, with `$patch`, `$setElementOrder` and the like. */
export function strategicPatch(target: JsonObject, patch: JsonObject): JsonObject {
  if (patch['$patch'] === 'delete') return {};
  const result: Record<string, Json | undefined> = patch['$patch'] === 'replace' ? {} : { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    if (value === null || value === undefined) Reflect.deleteProperty(result, key);
    else result[key] = patchedValue(result[key], value, key);
  }
  const retained = patch['$retainKeys'];
  if (isJsonArray(retained))
    for (const key of Object.keys(result)) if (!retained.includes(key)) Reflect.deleteProperty(result, key);
  applyDirectives(result, patch);
  return result;
}
