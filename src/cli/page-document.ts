/** A page as one file: its script and style are in it, and its policy lets nothing else run and nothing else be asked. */
import { createHash } from 'node:crypto';

/** What the build made of src/page; absent when the sources run as they are. */
declare const SDN_COMPAT_PAGE: Readonly<Record<'page' | 'report', PageParts>> | undefined;

export interface PageParts {
  readonly script: string;
  readonly style: string;
}

/** The parts of a page that the build put in; undefined if the program was not built. */
export function builtParts(name: 'page' | 'report'): PageParts | undefined {
  return typeof SDN_COMPAT_PAGE === 'undefined' ? undefined : SDN_COMPAT_PAGE[name];
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The Content-Security-Policy of the page: only its own script and style, and requests only to where it is from. */
export function policyOf({ script, style }: PageParts): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** The state as text that ends no script element. */
const embedded = (state: object): string => JSON.stringify(state).replaceAll('<', '\\u003c');

export interface PageDocument {
  /** Text without markup. */
  readonly title: string;
  readonly parts: PageParts;
  /** What the page shows; without it the script asks for it. */
  readonly state: object | undefined;
  /** Markup that the script replaces: what is seen where scripts do not run. */
  readonly body: string;
}

/** The document as HTML. */
export function documentText({ title, parts, state, body }: PageDocument): string {
  const data = state === undefined ? '' : `<script type="application/json" id="state">${embedded(state)}</script>\n`;
  const script = parts.script === '' ? '' : `<script>${parts.script}</script>\n`;
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
    `<meta http-equiv="Content-Security-Policy" content="${policyOf(parts)}">\n`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n',
    `<title>${title}</title>\n`,
    `<style>${parts.style}</style>\n</head>\n<body>\n<div id="page">${body}</div>\n${data}`,
    `${script}</body>\n</html>\n`,
  ].join('');
}
