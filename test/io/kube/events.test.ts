import { events, namespaces, netNamespaces } from '../../../api/kinds.ts';
import { EventRecorder } from '../../../src/io/kube/events.ts';
import { createLogger } from '../../../src/io/log.ts';
import type { KubeObject } from '../../../src/model/objects/raw.ts';
import { start } from '../../apiserver/started.ts';

test('an Event that the server refuses is left out, once, and the others are written', async () => {
  const server = await start();
  await server.client.create<KubeObject>(namespaces, { metadata: { name: 'there' } });
  const warned: unknown[] = [];
  const logger = createLogger({ level: 'silent', name: 'test' });
  logger.warn = (fields: unknown) => void warned.push(fields);
  const recorder = new EventRecorder({ client: server.client, logger, component: 'test', now: Date.now });
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  for (const [namespace, reason] of [
    ['gone', 'Tried'],
    ['gone', 'TriedAgain'],
    ['there', 'Tried'],
  ] as const) {
    recorder.report({
      object: { apiVersion: 'v1', kind: netNamespaces.kind, name: 'one', namespace },
      type: 'Warning',
      reason,
      message: 'it was tried',
    });
  }
  await new Promise((resolve) => setTimeout(resolve, 2_000)); // the first retry would come after 0.5 s
  stop.abort();
  await running;
  expect(warned).toEqual([
    expect.objectContaining({
      event: 'Tried',
      reason: 'namespaces "gone" not found',
      object: expect.objectContaining({ namespace: 'gone' }) as unknown,
    }),
  ]);
  const { items } = await server.client.list<KubeObject & { readonly reason: string }>(events, { namespace: 'there' });
  expect(items.map(({ reason }) => reason)).toEqual(['Tried']);
  await server.stop();
});

test('a wall clock that goes back withholds no Event; its times are told as it has them', async () => {
  const server = await start();
  await server.client.create<KubeObject>(namespaces, { metadata: { name: 'there' } });
  try {
    let wall = Date.parse('2026-05-04T12:00:00Z');
    const recorder = new EventRecorder({
      client: server.client,
      logger: createLogger({ level: 'silent', name: 'test' }),
      component: 'test',
      now: () => wall,
      quiet: 200,
    });
    const stop = new AbortController();
    const running = recorder.run(stop.signal);
    const report = (): void =>
      recorder.report({
        object: { apiVersion: 'v1', kind: netNamespaces.kind, name: 'one', namespace: 'there' },
        type: 'Warning',
        reason: 'Tried',
        message: 'it was tried',
      });
    report();
    report(); // within the quiet time
    await new Promise((resolve) => setTimeout(resolve, 400));
    wall -= 3_600_000;
    report();
    await new Promise((resolve) => setTimeout(resolve, 400));
    stop.abort();
    await running;
    const { items } = await server.client.list<KubeObject & { readonly count: number; readonly lastTimestamp: string }>(
      events,
      { namespace: 'there' },
    );
    expect(items.map(({ count, lastTimestamp }) => [count, lastTimestamp])).toEqual([[2, '2026-05-04T11:00:00Z']]);
  } finally {
    await server.stop();
  }
});
