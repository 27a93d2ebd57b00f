/** Renders objects as a whole or as rows of a table, by the Accept header. */
import type { Json, JsonObject } from '../../model/values/json.ts';
import type { Resource } from '../kinds/resource.ts';
import { Refusal } from '../refusal.ts';
import type { StoredObject } from '../store/object.ts';
import { type Entry, eventLine } from '../store/store.ts';

/** An event of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: StoredObject;
}

export interface TableView {
  readonly kind: 'table';
  readonly version: string;
  readonly includeObject: 'None' | 'Metadata' | 'Object';
}

export type View = { readonly kind: 'object' } | TableView;

const givenTypes = ['application/json', 'application/*', '*/*', 'text/plain'];

/** Parses one media type of an Accept header; undefined if we do not support it. */
function offered(part: string, include: string | null): View | undefined {
  const [type = '', ...parameters] = part.split(';').map((word) => word.trim());
  if (!givenTypes.includes(type)) return undefined;
  const asked = new Map(
    parameters.map((word): [string, string] => [word.split('=')[0] ?? '', word.split('=')[1] ?? '']),
  );
  const as = asked.get('as');
  if (as === undefined) return { kind: 'object' };
  if (as !== 'Table' || asked.get('g') !== 'meta.k8s.io') return undefined;
  return {
    kind: 'table',
    version: asked.get('v') ?? 'v1',
    includeObject: include === 'None' || include === 'Object' ? include : 'Metadata',
  };
}

/** What the Accept header asks for: the first form that we support. */
export function viewOf(accept: string | undefined, query: URLSearchParams): View {
  for (const part of (accept ?? '*/*').split(',')) {
    const view = offered(part, query.get('includeObject'));
    if (view !== undefined) return view;
  }
  throw new Refusal(406, 'NotAcceptable', 'only the following media types are accepted: application/json');
}

function rowObject(object: StoredObject, view: TableView): Json {
  if (view.includeObject === 'None') return null;
  if (view.includeObject === 'Object') return object;
  // no table shows managedFields, which would be most of it
  const metadata = { ...object.metadata, managedFields: undefined };
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${view.version}`, metadata };
}

/** Whether to include column definitions, which only the first table of an answer has. */
export interface TableOptions {
  readonly now: Date;
  readonly columns: boolean;
  readonly metadata: JsonObject;
}

/** The objects as a Table. */
export function tableOf(
  resource: Resource,
  objects: readonly StoredObject[],
  view: TableView,
  options: TableOptions,
): JsonObject {
  const definitions = resource.columns.map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format,
    description,
    priority,
  }));
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${view.version}`,
    metadata: options.metadata,
    ...(options.columns ? { columnDefinitions: definitions } : {}),
    rows: objects.map((object) => ({
      cells: resource.columns.map(({ cell }) => cell(object, options.now)),
      object: rowObject(object, view),
    })),
  };
}

/** The text of one object. */
export function objectText(resource: Resource, object: StoredObject, view: View, now: Date): string {
  if (view.kind === 'object') return JSON.stringify(object);
  const metadata = { resourceVersion: object.metadata.resourceVersion };
  return JSON.stringify(tableOf(resource, [object], view, { now, columns: true, metadata }));
}

/** The text of a list. */
export function renderList(
  resource: Resource,
  entries: readonly Entry[],
  view: View,
  list: { readonly now: Date; readonly metadata: JsonObject },
): string {
  if (view.kind === 'table') {
    return JSON.stringify(
      tableOf(
        resource,
        entries.map(({ object }) => object),
        view,
        { ...list, columns: true },
      ),
    );
  }
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  const head = JSON.stringify({ kind: resource.listKind, apiVersion, metadata: list.metadata });
  return `${head.slice(0, -1)},"items":[${entries.map((entry) => entry.text()).join(',')}]}`;
}

/** A line of a watch whose object is a table of one row. */
export function tableLine(
  resource: Resource,
  event: WatchEvent,
  view: TableView,
  options: { readonly now: Date; readonly columns: boolean },
): string {
  const metadata = { resourceVersion: event.object.metadata.resourceVersion };
  return eventLine(event.type, JSON.stringify(tableOf(resource, [event.object], view, { ...options, metadata })));
}
