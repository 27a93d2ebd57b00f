/** Starts the page: with the state that it holds, or with what the command sends. */
import { render } from 'preact';
import type { PageState } from '../state.ts';
import { App } from './app.tsx';
import { embeddedState, parsed } from './source.ts';

import './page.css';

const root = document.getElementById('page');
const text = embeddedState();
if (root !== null) render(<App embedded={text === undefined ? undefined : parsed<PageState>(text)} />, root);
