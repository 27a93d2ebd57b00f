/** Handles requests for projects by means of their namespaces. */
import { mediaType, parseObject, readBody } from '../http/request.ts';
import { answer, type Exchange, isSet } from '../http/respond.ts';
import { projectOf, requestedNamespace } from '../kinds/projects.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Lists } from '../read/list.ts';
import { matcherOf } from '../read/selectors.ts';
import { objectText, renderList, viewOf } from '../read/view.ts';
import { methodNotAllowed, unknownPath } from '../refusal.ts';
import { Entry } from '../store/store.ts';
import { handleDelete } from './deletion.ts';
import type { Objects } from './objects.ts';
import { writeSettings } from './settings.ts';

interface ProjectWorld {
  readonly objects: Objects;
  readonly lists: Lists;
}

/** The answer to the first question of `oc new-project`: whether projects may be requested. */
const allowed = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };

function namespacesOf({ objects }: ProjectWorld): Resource {
  const resource = objects.world.registry.find('', 'v1', 'namespaces');
  if (resource === undefined) throw unknownPath();
  return resource;
}

async function handleRequest(world: ProjectWorld, exchange: Exchange, resource: Resource): Promise<void> {
  const { request, response, query } = exchange;
  if (request.method === 'GET') {
    answer(response, 200, JSON.stringify(allowed));
    return;
  }
  if (request.method !== 'POST') throw methodNotAllowed();
  const body = requestedNamespace(parseObject(await readBody(request), mediaType(request)));
  const target = { resource: namespacesOf(world), namespace: undefined };
  const { object } = world.objects.create(target, body, writeSettings(exchange, false));
  const view = viewOf(request.headers.accept, query);
  answer(response, 201, objectText(resource, projectOf(object), view, world.objects.world.now()));
}

function handleList(world: ProjectWorld, { request, response, query }: Exchange, resource: Resource): void {
  const { store, now } = world.objects.world;
  if (request.method !== 'GET' || isSet(query, 'watch')) throw methodNotAllowed();
  const selection = { id: resource.id, namespace: undefined, matcher: matcherOf(query, resource.selectable), query };
  const page = world.lists.page(world.objects.collection(namespacesOf(world)), selection, store.version);
  const entries = page.entries.map(({ object }) => new Entry(projectOf(object)));
  answer(
    response,
    200,
    renderList(resource, entries, viewOf(request.headers.accept, query), { now: now(), metadata: page.metadata }),
  );
}

/** Handles a request for projects or project requests. */
export async function handleProjects(
  world: ProjectWorld,
  exchange: Exchange,
  { resource, name }: { readonly resource: Resource; readonly name: string | undefined },
): Promise<void> {
  const { request, response, query } = exchange;
  if (resource.kind === 'ProjectRequest') {
    if (name !== undefined) throw unknownPath();
    await handleRequest(world, exchange, resource);
  } else if (name === undefined) handleList(world, exchange, resource);
  else {
    const target = { resource: namespacesOf(world), namespace: undefined, name };
    if (request.method === 'DELETE') await handleDelete(world.objects, exchange, target);
    else if (request.method === 'GET') {
      const project = projectOf(world.objects.get(target));
      answer(
        response,
        200,
        objectText(resource, project, viewOf(request.headers.accept, query), world.objects.world.now()),
      );
    } else throw methodNotAllowed();
  }
}
