/** The options of a plan as plan.yaml keeps them, and back. */
import type { Json, JsonObject } from '../../../model/values/json.ts';
import { concerns, type TranslateOptions } from '../../translation.ts';

/** The options as JSON. */
export function shownOptions({ only, ...rest }: TranslateOptions): JsonObject {
  return { only: only.toSorted(), ...rest };
}

/** The options; undefined if one is missing or of another type. */
export function readOptions(shown: JsonObject): TranslateOptions | undefined {
  const [only, namespaces, machineNetworks] = ['only', 'namespaces', 'machineNetworks'].map((key) => texts(shown[key]));
  // plans of earlier programs have neither denyAPIServer nor keepPlacement
  const { prefix, keepClosed, allowAPIServer, denyAPIServer = false, keepPlacement = false } = shown;
  if (only === undefined || namespaces === undefined || machineNetworks === undefined) return undefined;
  if (typeof prefix !== 'string' || typeof keepClosed !== 'boolean' || typeof allowAPIServer !== 'boolean')
    return undefined;
  if (typeof denyAPIServer !== 'boolean' || typeof keepPlacement !== 'boolean') return undefined;
  const chosen = concerns.filter((concern) => only.includes(concern));
  return {
    only: chosen,
    namespaces,
    prefix,
    keepClosed,
    allowAPIServer,
    denyAPIServer,
    keepPlacement,
    machineNetworks,
  };
}

function texts(value: Json | undefined): readonly string[] | undefined {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
}
