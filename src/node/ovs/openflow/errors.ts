/** What a switch says when it refuses a message (OpenFlow 1.3.5, 7.5.4), in words. */
import { ByteReader } from './bytes.ts';
import { onf } from './message.ts';

/** The types of errors that a switch may answer our messages with, and their codes by number. */
const known: Readonly<Record<number, readonly [string, Readonly<Record<number, string>>]>> = {
  0: ['hello failed', { 0: 'no common version', 1: 'no permission' }],
  1: [
    'bad request',
    {
      0: 'bad version',
      1: 'bad type',
      2: 'bad multipart type',
      3: 'bad experimenter',
      4: 'bad experimenter type',
      5: 'no permission',
      6: 'bad length',
      8: 'unknown buffer',
      9: 'bad table',
      13: 'multipart buffer overflow',
    },
  ],
  2: [
    'bad action',
    {
      0: 'bad type',
      1: 'bad length',
      2: 'bad experimenter',
      3: 'bad experimenter type',
      4: 'bad output port',
      5: 'bad argument',
      7: 'too many actions',
      9: 'bad group',
      10: 'its match does not fit',
      13: 'bad set_field type',
      14: 'bad set_field length',
      15: 'bad set_field argument',
    },
  ],
  3: ['bad instruction', { 0: 'unknown', 1: 'unsupported', 2: 'bad table', 7: 'bad length' }],
  4: [
    'bad match',
    {
      0: 'bad type',
      1: 'bad length',
      6: 'bad field',
      7: 'bad value',
      8: 'bad mask',
      9: 'what a field needs is missing',
      10: 'a field twice',
    },
  ],
  5: [
    'flow refused',
    {
      0: 'unknown',
      1: 'table full',
      2: 'bad table',
      3: 'overlap',
      4: 'no permission',
      5: 'bad time limit',
      6: 'bad command',
      7: 'bad flags',
    },
  ],
  6: [
    'group refused',
    {
      0: 'it is there',
      1: 'invalid',
      3: 'out of groups',
      4: 'out of buckets',
      6: 'a loop',
      8: 'unknown group',
      10: 'bad type',
      12: 'bad bucket',
      14: 'no permission',
    },
  ],
  12: [
    'meter refused',
    {
      0: 'unknown',
      1: 'it is there',
      2: 'bad number',
      3: 'unknown meter',
      4: 'bad command',
      5: 'bad flags',
      6: 'bad rate',
      7: 'bad burst',
      8: 'bad band',
      10: 'out of meters',
      11: 'out of bands',
    },
  ],
};

/** The codes of bundles, which have the type of an experimenter in OpenFlow 1.3 (ONF's extension 230). */
const ofBundles: Readonly<Record<number, string>> = {
  2300: 'unknown',
  2301: 'no permission',
  2302: 'no such bundle',
  2303: 'it is there',
  2304: 'it is closed',
  2305: 'out of bundles',
  2306: 'bad type',
  2307: 'bad flags',
  2308: 'bad length of a message',
  2309: 'bad transaction of a message',
  2310: 'unsupported message',
  2311: 'messages in conflict',
  2312: 'too many messages',
  2313: 'a message failed',
  2314: 'it took too long',
  2315: 'it is in progress',
};

/** What the body of an error message says. */
export function errorText(body: Buffer): string {
  const reader = new ByteReader(body);
  if (reader.left < 4) return 'an error that ends too early';
  const [type, code] = [reader.uint(2), reader.uint(2)];
  if (type === 0xffff) {
    const experimenter = reader.left < 4 ? undefined : reader.uint(4);
    const text = experimenter === onf ? ofBundles[code] : undefined;
    return text === undefined ? `experimenter error ${code}` : `bundle refused: ${text}`;
  }
  const [name, codes] = known[type] ?? [`error of type ${type}`, {}];
  return `${name}: ${codes[code] ?? `code ${code}`}`;
}
