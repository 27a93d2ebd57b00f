/** Starts the page: with the state that it holds, or with what the command sends. */
import { render } from 'preact';
import { App } from './app.tsx';
import { embeddedState } from './source.ts';

import './page.css';

const root = document.getElementById('page');
if (root !== null) render(<App embedded={embeddedState()} />, root);
