/** Starts the page of a migration's report, which takes the place of what stands there for those without scripts. */
import { render } from 'preact';
import type { ReportState } from '../../report.ts';
import { embeddedState, parsed } from '../source.ts';
import { ReportPage } from './page.tsx';

import '../page.css';
import './report.css';

const root = document.getElementById('page');
const text = embeddedState();
if (root !== null && text !== undefined) {
  root.replaceChildren();
  render(<ReportPage state={parsed<ReportState>(text)} />, root);
}
