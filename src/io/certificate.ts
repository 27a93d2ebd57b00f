/** Self-signed certificates for our own servers: X.509 version 3 in DER (RFC 5280), signed by Node's own crypto. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { familyOf, ipNumber, parseIp } from '../model/values/address.ts';

export interface Certificate {
  /** The private key, as PEM. */
  readonly key: string;
  /** The certificate, as PEM. */
  readonly certificate: string;
}

const days = 3650;

/** An element of DER: its tag, the length of its content, the content. */
function element(tag: number, ...content: readonly Buffer[]): Buffer {
  const { length } = Buffer.concat(content);
  const digits = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex');
  const head = length < 0x80 ? [tag, length] : [tag, 0x80 + digits.length, ...digits];
  return Buffer.concat([Buffer.from(head), ...content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, ...parts);
const integer = (value: Buffer): Buffer => element(0x02, value);
const bits = (value: Buffer, unused = 0): Buffer => element(0x03, Buffer.from([unused]), value);
const octets = (value: Buffer): Buffer => element(0x04, value);
const identifier = (hex: string): Buffer => element(0x06, Buffer.from(hex, 'hex'));
const isTrue = element(0x01, Buffer.from([0xff]));

const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'));
const ourName = sequence(element(0x31, sequence(identifier('550403'), element(0x0c, Buffer.from('sdn-compat')))));
const extensions = { keyIdentifier: '551d0e', keyUsage: '551d0f', names: '551d11', constraints: '551d13' } as const;
/** That a signature is its use, and that of other certificates. */
const signing = bits(Buffer.from([0x84]), 2);

function time(at: Date): Buffer {
  const digits = at.toISOString().replaceAll(/\.\d+|[-:T]/g, '');
  // two digits of the year until 2049, four from then on
  return at.getUTCFullYear() < 2050 ? element(0x17, Buffer.from(digits.slice(2))) : element(0x18, Buffer.from(digits));
}

/** A name that the certificate is for: an address, or the name of a host. */
function alternative(name: string): Buffer {
  const ip = parseIp(name);
  if (!ip.ok) return element(0x82, Buffer.from(name));
  const size = familyOf(ip.value) === 4 ? 4 : 16;
  return element(
    0x87,
    Buffer.from(
      ipNumber(ip.value)
        .toString(16)
        .padStart(2 * size, '0'),
      'hex',
    ),
  );
}

function extension(hex: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(identifier(hex), ...(isCritical ? [isTrue] : []), octets(value));
}

/** A new key and a self-signed certificate for the names and addresses, valid for ten years from now on. */
export function makeCertificate(names: readonly string[], now: Date): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const published = publicKey.export({ type: 'spki', format: 'der' });
  const from = new Date(Math.floor(now.getTime() / 1_000) * 1_000);
  const signed = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    ourName,
    sequence(time(from), time(new Date(from.getTime() + days * 86_400_000))),
    ourName,
    published,
    element(
      0xa3,
      sequence(
        extension(extensions.constraints, true, sequence(isTrue)),
        extension(extensions.keyUsage, true, signing),
        extension(
          extensions.keyIdentifier,
          false,
          octets(createHash('sha256').update(published).digest().subarray(0, 20)),
        ),
        extension(extensions.names, false, sequence(...names.map(alternative))),
      ),
    ),
  );
  const whole = sequence(signed, ecdsaWithSha256, bits(sign('sha256', signed, privateKey)));
  const lines = whole.toString('base64').replaceAll(/.{1,64}/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`,
  };
}
