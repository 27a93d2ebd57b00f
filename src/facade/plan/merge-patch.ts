/** A merge patch of an object (RFC 7386): null removes a field. */
export type MergePatch = Readonly<Record<string, unknown>> & { readonly metadata?: object };
