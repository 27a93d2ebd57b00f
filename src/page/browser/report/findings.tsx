/** What the migration finds, by severity and code. */
import { type FindingGroup, groupsOf, type ReportFilter, type ReportState } from '../../report.ts';
import { counted } from '../words.ts';
import { usePaper } from './paper.ts';
import { Rows, textRow } from './sheet.tsx';

function Group({
  group: { severity, code, findings },
  isOpen,
}: {
  readonly group: FindingGroup;
  readonly isOpen: boolean;
}) {
  const losing = findings.some(({ lost }) => lost !== '');
  const head = ['Object', 'Today', 'Tomorrow', 'Do', ...(losing ? ['Lost'] : [])];
  return (
    <details open={isOpen}>
      <summary>
        <span class={`severity ${severity}`}>{severity}</span> {code}{' '}
        <span class="count">{counted(findings.length, 'object')}</span>
      </summary>
      <Rows
        label={code}
        kind="finding"
        head={head}
        rows={findings}
        row={({ object, today, tomorrow, action, lost }, index) =>
          textRow([object, today, tomorrow, action, ...(losing ? [lost || 'nothing'] : [])], index)
        }
      />
    </details>
  );
}

interface FindingsProps {
  readonly state: ReportState;
  readonly filter: ReportFilter;
}

/** A table for each code; those of the last severity are folded, unless somebody looks for something or prints. */
export function Findings({ state, filter }: FindingsProps) {
  const groups = groupsOf(state.findings, filter);
  const isSearch = filter.text.trim() !== '';
  const isPaper = usePaper();
  return (
    <section aria-label="Findings">
      <h2>Findings</h2>
      {groups.length === 0 && (
        <p class="none">No finding{state.findings.length === 0 ? '' : ' fits what is looked for'}.</p>
      )}
      {groups.map((group) => (
        <Group
          key={`${group.severity} ${group.code} ${isSearch}`}
          group={group}
          isOpen={isSearch || isPaper || group.severity !== state.severities.at(-1)}
        />
      ))}
    </section>
  );
}
