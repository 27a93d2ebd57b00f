/** The page as one file: its script and style are in it, and its policy lets nothing else run and nothing else be asked. */
import { createHash } from 'node:crypto';
import type { PageState } from '../../../page/state.ts';
import { Failure } from '../../fail.ts';

/** What the build made of src/page; absent when the sources run as they are. */
declare const SDN_COMPAT_PAGE: PageParts | undefined;

export interface PageParts {
  readonly script: string;
  readonly style: string;
}

/** The parts that the build put in; throws Failure if the program was not built. */
export function builtParts(): PageParts {
  if (typeof SDN_COMPAT_PAGE === 'undefined') throw new Failure('the page is part of the built program: npm run build');
  return SDN_COMPAT_PAGE;
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
const embedded = (state: PageState): string => JSON.stringify(state).replaceAll('<', '\\u003c');

/** The page; with a state in it, it shows that, and asks nobody. */
export function pageHtml(parts: PageParts, state?: PageState): string {
  const data = state === undefined ? '' : `<script type="application/json" id="state">${embedded(state)}</script>\n`;
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
    `<meta http-equiv="Content-Security-Policy" content="${policyOf(parts)}">\n`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n',
    '<title>Egress IPs</title>\n',
    `<style>${parts.style}</style>\n</head>\n<body>\n<div id="page"></div>\n${data}`,
    `<script>${parts.script}</script>\n</body>\n</html>\n`,
  ].join('');
}
