/** Ports as Kubernetes checks them, in pods and in policies. */
import { type FieldError, invalidValue } from '../../refusal.ts';

export const protocols: readonly string[] = ['SCTP', 'TCP', 'UDP'];

/**
 * Why the text is no name of a port. RFC 6335: at most 15 letters, digits and single hyphens inside, with a letter among
 * them.
 */
export function portNameErrors(name: string): readonly string[] {
  return [
    ...(name.length > 15 ? ['must be no more than 15 characters'] : []),
    ...(/^[-a-z0-9]+$/.test(name) ? [] : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
    ...(/[a-z]/.test(name) ? [] : ['must contain at least one letter (a-z)']),
    ...(name.includes('--') ? ['must not contain consecutive hyphens'] : []),
    ...(name.startsWith('-') || name.endsWith('-') ? ['must not begin or end with a hyphen'] : []),
  ];
}

/** A port has 16 bits, and is not 0. */
export function numberErrors(field: string, value: number): readonly FieldError[] {
  return value >= 1 && value <= 65_535 ? [] : [invalidValue(field, value, 'must be between 1 and 65535, inclusive')];
}
