/** Handles requests for objects: finds the kind, runs the verb, writes the answer. */
import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../../model/values/json.ts';
import { parseProtobuf, protobufType } from '../http/protobuf.ts';
import { mediaType, parseObject, readBody, type ResourcePath } from '../http/request.ts';
import { answer, type Exchange, isSet, warningHeaders } from '../http/respond.ts';
import { projectGroup } from '../kinds/projects.ts';
import { groupVersion, type Resource } from '../kinds/resource.ts';
import type { Lists } from '../read/list.ts';
import { matcherOf } from '../read/selectors.ts';
import { checkWatchOptions, requestedVersion, wholeOption } from '../read/versions.ts';
import { objectText, renderList, viewOf } from '../read/view.ts';
import { serveWatch } from '../read/watch.ts';
import { methodNotAllowed, unknownPath } from '../refusal.ts';
import { type StoredObject, textAt } from '../store/object.ts';
import { applyConfiguration } from '../write/configuration.ts';
import { handleDelete, optionsBody } from '../write/deletion.ts';
import type { NamedTarget, Objects, Target, Written } from '../write/objects.ts';
import { changeOf } from '../write/patch.ts';
import { handleProjects } from '../write/projectrequests.ts';
import { applyType, deleteSettings, writeSettings } from '../write/settings.ts';

export interface HandlerOptions {
  readonly objects: Objects;
  readonly lists: Lists;
  /** Milliseconds between the bookmarks of a watch. */
  readonly bookmarkInterval: number;
  readonly signal: AbortSignal;
}

export class Handler {
  readonly #options: HandlerOptions;

  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  /** Handles a request for this path; throws a Refusal if it cannot. */
  async handle(exchange: Exchange, path: ResourcePath): Promise<void> {
    const resource = this.#options.objects.world.registry.find(path.group, path.version, path.plural);
    if (resource === undefined || (path.namespace !== undefined && !resource.namespaced)) throw unknownPath();
    const status = path.subresource === 'status' && resource.hasStatus;
    if (path.subresource !== undefined && !status) throw unknownPath();
    const target = { resource, namespace: path.namespace };
    if (resource.group === projectGroup) await handleProjects(this.#options, exchange, { resource, name: path.name });
    else if (path.name === undefined) await this.#onCollection(exchange, target);
    else if (resource.namespaced && path.namespace === undefined) throw unknownPath();
    else await this.#onObject(exchange, { ...target, name: path.name }, status);
  }

  async #onCollection(exchange: Exchange, target: Target): Promise<void> {
    switch (exchange.request.method) {
      case 'GET':
        if (isSet(exchange.query, 'watch')) this.#watch(exchange, target, undefined);
        else this.#list(exchange, target);
        return;
      case 'POST':
        await this.#create(exchange, target);
        return;
      case 'DELETE':
        await this.#deleteAll(exchange, target);
        return;
      default:
        throw methodNotAllowed();
    }
  }

  async #onObject(exchange: Exchange, target: NamedTarget, status: boolean): Promise<void> {
    const { request, query } = exchange;
    switch (request.method) {
      case 'GET':
        if (isSet(query, 'watch')) this.#watch(exchange, target, target.name);
        else this.#show(exchange, target.resource, 200, { object: this.#options.objects.get(target), warnings: [] });
        return;
      case 'PUT':
        await this.#replace(exchange, target, status);
        return;
      case 'PATCH':
        await this.#patch(exchange, target, status);
        return;
      case 'DELETE':
        if (status) throw methodNotAllowed();
        await handleDelete(this.#options.objects, exchange, target);
        return;
      default:
        throw methodNotAllowed();
    }
  }

  #show({ request, response, query }: Exchange, resource: Resource, code: number, { object, warnings }: Written): void {
    const view = viewOf(request.headers.accept, query);
    answer(
      response,
      code,
      objectText(resource, object, view, this.#options.objects.world.now()),
      warningHeaders(warnings),
    );
  }

  #list({ request, response, query }: Exchange, { resource, namespace }: Target): void {
    const { objects, lists } = this.#options;
    const { store, now } = objects.world;
    const view = viewOf(request.headers.accept, query);
    const matcher = matcherOf(query, resource.selectable);
    const page = lists.page(
      objects.collection(resource),
      { id: resource.id, namespace, matcher, query },
      store.version,
    );
    answer(response, 200, renderList(resource, page.entries, view, { now: now(), metadata: page.metadata }));
  }

  #watch({ request, response, query }: Exchange, { resource, namespace }: Target, name: string | undefined): void {
    const { objects, bookmarkInterval, signal } = this.#options;
    const { store, now, random } = objects.world;
    checkWatchOptions(query);
    const matcher = matcherOf(query, resource.selectable);
    const version = requestedVersion(query);
    const initial = isSet(query, 'sendInitialEvents');
    const seconds = wholeOption(query, 'timeoutSeconds');
    wholeOption(query, 'limit');
    const everything = namespace === undefined && matcher === undefined && name === undefined;
    const selects = (object: StoredObject): boolean =>
      (namespace === undefined || object.metadata.namespace === namespace) &&
      (name === undefined || object.metadata.name === name) &&
      (matcher === undefined || matcher(object));
    serveWatch(response, {
      store,
      collection: objects.collection(resource),
      resource,
      view: viewOf(request.headers.accept, query),
      selects: everything ? undefined : selects,
      from: version === 0 || initial ? undefined : version,
      bookmarks: isSet(query, 'allowWatchBookmarks'),
      markReplayed: initial,
      bookmarkInterval,
      timeout: seconds > 0 ? Math.min(seconds, 86_400) * 1000 : 1_800_000 * (1 + random()),
      now,
      signal,
    });
  }

  async #create(exchange: Exchange, target: Target): Promise<void> {
    const settings = writeSettings(exchange, false);
    const body = await bodyOf(target.resource, exchange.request);
    if (target.resource.namespaced && target.namespace === undefined) throw methodNotAllowed();
    this.#show(exchange, target.resource, 201, this.#options.objects.create(target, body, settings));
  }

  async #replace(exchange: Exchange, target: NamedTarget, status: boolean): Promise<void> {
    const settings = writeSettings(exchange, status);
    const body = await bodyOf(target.resource, exchange.request);
    this.#show(exchange, target.resource, 200, this.#options.objects.replace(target, body, settings));
  }

  async #patch(exchange: Exchange, target: NamedTarget, status: boolean): Promise<void> {
    const { objects } = this.#options;
    const settings = writeSettings(exchange, status);
    const body = await readBody(exchange.request);
    const type = mediaType(exchange.request);
    if (type === applyType) {
      const { written, isNew } = applyConfiguration(objects, target, parseObject(body, type), {
        settings,
        query: exchange.query,
      });
      this.#show(exchange, target.resource, isNew ? 201 : 200, written);
      return;
    }
    this.#show(exchange, target.resource, 200, objects.update(target, changeOf(target.resource, body, type), settings));
  }

  async #deleteAll({ request, response, query }: Exchange, target: Target): Promise<void> {
    const { objects, lists } = this.#options;
    const { resource, namespace } = target;
    const settings = deleteSettings(query, await optionsBody(request));
    const matcher = matcherOf(query, resource.selectable);
    const all = { id: resource.id, namespace, matcher, query: new URLSearchParams() };
    const { entries, metadata } = lists.page(objects.collection(resource), all, objects.world.store.version);
    for (const { object } of entries) {
      objects.delete({ resource, namespace: object.metadata.namespace, name: object.metadata.name }, settings);
    }
    answer(response, 200, renderList(resource, entries, { kind: 'object' }, { now: objects.world.now(), metadata }));
  }
}

/** The object in the body; apiVersion and kind default to those of the path. */
async function bodyOf(resource: Resource, request: IncomingMessage): Promise<JsonObject> {
  const bytes = await readBody(request);
  const type = mediaType(request);
  const body = type === protobufType ? parseProtobuf(bytes) : parseObject(bytes, type);
  if (textAt(body, 'kind') !== undefined || textAt(body, 'apiVersion') !== undefined) return body;
  return { ...body, apiVersion: groupVersion(resource), kind: resource.kind };
}
