/** The text of flows and groups in ovs-ofctl's syntax: we write a rule as `dump-flows` prints it. */
import { type Action, type Flow, type Group, hex, type Match, matchFields, type Meter, registerValue } from './flow.ts';
import { cookie } from './pipeline.ts';

/** Copies the destination VNID into a conntrack mark. */
export const vnidToCtMark = 'move:NXM_NX_REG1[0..23]->NXM_NX_CT_MARK[0..23]';

function ctText(action: Extract<Action, { kind: 'ct' }>): string {
  const fields = [
    ...(action.mark === undefined ? [] : [`set_field:${registerValue(action.mark)}->ct_mark`]),
    ...(action.vnid === true ? [vnidToCtMark] : []),
    ...(action.label === undefined ? [] : [`set_field:${registerValue(action.label)}->ct_label`]),
  ];
  const parts = [
    ...(action.commit ? ['commit'] : []),
    ...(action.table === undefined ? [] : [`table=${action.table}`]),
    ...(action.nat === true ? ['nat'] : []),
    ...(fields.length === 0 ? [] : [`exec(${fields.join(',')})`]),
  ];
  return `ct(${parts.join(',')})`;
}

function actionText(action: Action): string {
  switch (action.kind) {
    case 'output':
      return `output:${action.port}`;
    case 'outputRegister':
      return `output:${action.register}`;
    case 'goto':
      return `goto_table:${action.table}`;
    case 'resubmit':
      return `resubmit(,${action.table})`;
    case 'group':
      return `group:${action.id}`;
    case 'set':
      return `set_field:${action.value}->${action.field}`;
    case 'move':
      return `move:${action.from}->${action.to}`;
    case 'ct':
      return ctText(action);
    case 'meter':
      return `meter:${action.id}`;
    case 'note':
      return `note:${action.bytes}`;
  }
}

/** Renders the actions of a flow or bucket; `drop` if there are none. */
export function renderActions(actions: readonly Action[]): string {
  return actions.length === 0 ? 'drop' : actions.map(actionText).join(',');
}

/** Renders the fields of a match in ovs-ofctl's order; empty if it matches everything. */
export function renderMatch(match: Match): string {
  const parts: string[] = [];
  for (const field of matchFields) {
    const value = match[field];
    if (value !== undefined) parts.push(field === 'proto' ? String(value) : `${field}=${value}`);
  }
  return parts.join(',');
}

/** The identity of a flow in OpenFlow: two flows with the same key are the same flow. */
export function flowKey(flow: Flow): string {
  return [`table=${flow.table}`, `priority=${flow.priority}`, renderMatch(flow.match)]
    .filter((part) => part !== '')
    .join(',');
}

/** Renders a flow as one line for `ovs-ofctl add-flow`. */
export function renderFlow(flow: Flow): string {
  return `cookie=${hex(flow.cookie ?? cookie)},${flowKey(flow)},actions=${renderActions(flow.actions)}`;
}

/** Renders a group as one line for `ovs-ofctl add-group`. */
export function renderGroup(group: Group): string {
  const buckets = group.buckets.map((actions) => `bucket=actions=${renderActions(actions)}`);
  return [`group_id=${group.id}`, 'type=select', ...buckets].join(',');
}

/** Renders a meter as one line for `ovs-ofctl add-meter`. */
export function renderMeter({ id, rate, burst }: Meter): string {
  return `meter=${id},kbps,burst,bands=type=drop,rate=${rate},burst_size=${burst}`;
}
