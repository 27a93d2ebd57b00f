/** Tells by the beginning of a file, whatever its name, what it may hold. Pure. */

const magics: readonly (readonly [magic: string, packing: string])[] = [
  ['BZh', 'bzip2'],
  ['\xfd7zXZ\0', 'xz'],
  ['PK\x03\x04', 'zip'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['7z\xbc\xaf\x27\x1c', '7-Zip'],
];

/** The program that packed the file; undefined if none that is known did. */
export function packedWith(bytes: Buffer): string | undefined {
  const head = bytes.toString('latin1', 0, 8);
  return magics.find(([magic]) => head.startsWith(magic))?.[1];
}

/** After comments and the beginning of a document: a mapping with a field that objects have, or JSON, or a list. */
const beginning =
  /^(?:[ \t]*(?:#.*|---.*|%.*)?\r?\n)*[ \t]*(?:- |[{[]|['"]?(?:apiVersion|kind|items|metadata|spec|status)['"]?[ \t]*:)/;

/** Whether the text begins as one that holds objects, as YAML or JSON. */
export function looksLikeObjects(text: string): boolean {
  return beginning.test(text) && /apiVersion['"]?\s*:/.test(text) && /kind['"]?\s*:/i.test(text);
}
