/** The settings of writes and deletes, as requests bear them. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import {
  type DeleteSettings,
  deleteSettings,
  type WriteSettings,
  writeSettings,
} from '../../../src/apiserver/write/settings.ts';
import type { JsonObject } from '../../../src/model/values/json.ts';
import { refusalOf } from '../things.ts';

function settingsOf(query: string, method = 'POST', headers: Readonly<Record<string, string>> = {}): WriteSettings {
  const request = Object.assign(new IncomingMessage(new Socket()), { method, headers });
  return writeSettings({ request, query: new URLSearchParams(query) }, false);
}

const forDelete = (query: string, body: JsonObject = {}): DeleteSettings =>
  deleteSettings(new URLSearchParams(query), body);

describe('a write', () => {
  it('stores, warns of unknown fields and has no manager, unless it says otherwise', () => {
    expect(settingsOf('')).toEqual({
      dryRun: false,
      fieldValidation: 'Warn',
      status: false,
      patch: false,
      writer: { manager: '', operation: 'Update', subresource: '' },
    });
  });

  it('of the status says so, also as a writer', () => {
    const request = new IncomingMessage(new Socket());
    expect(writeSettings({ request, query: new URLSearchParams() }, true)).toMatchObject({
      status: true,
      writer: { subresource: 'status' },
    });
  });

  test.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['fieldManager=me', { 'user-agent': 'kubectl/v1.26 (linux)' }, 'me'],
    ['', { 'user-agent': 'kubectl/v1.26 (linux)' }, 'kubectl'],
    ['fieldManager=', { 'user-agent': 'plain' }, 'plain'],
    ['', {}, ''],
    [`fieldManager=${'m'.repeat(128)}`, {}, 'm'.repeat(128)],
  ])('with the query %j and headers %j is by %j', (query, headers, manager) => {
    expect(settingsOf(query, 'POST', headers).writer.manager).toBe(manager);
  });

  it('by a manager with a name of more than 128 letters is refused', () => {
    expect(refusalOf(() => settingsOf(`fieldManager=${'m'.repeat(129)}`))).toMatchObject({
      code: 400,
      message: 'fieldManager: Too long: may not be longer than 128',
    });
  });

  test.each(['Strict', 'Warn', 'Ignore'])('may ask for the validation %s', (level) => {
    expect(settingsOf(`fieldValidation=${level}`).fieldValidation).toBe(level);
  });

  it('may ask for no other validation', () => {
    expect(refusalOf(() => settingsOf('fieldValidation=strict')).message).toBe(
      'fieldValidation: Unsupported value: "strict": supported values: "Ignore", "Strict", "Warn"',
    );
  });

  test.each<readonly [string, string, boolean, string]>([
    ['POST', 'application/json', false, 'Update'],
    ['PUT', 'application/json', false, 'Update'],
    ['PATCH', 'application/merge-patch+json', true, 'Update'],
    ['PATCH', 'application/apply-patch+yaml; charset=utf-8', true, 'Apply'],
  ])('by %s of %s is a patch: %s, and its operation is %s', (method, type, patch, operation) => {
    expect(settingsOf('', method, { 'content-type': type })).toMatchObject({ patch, writer: { operation } });
  });
});

test.each<readonly [string, boolean]>([
  ['', false],
  ['dryRun=', false],
  ['dryRun=All', true],
  ['dryRun=All&dryRun=All', true],
])('a write with %j is a dry run: %s', (query, dryRun) => {
  expect([settingsOf(query).dryRun, forDelete(query).dryRun]).toEqual([dryRun, dryRun]);
});

test.each(['dryRun=Some', 'dryRun=All&dryRun=Some', 'dryRun=true'])('there is no dry run by %s', (query) => {
  expect(refusalOf(() => settingsOf(query))).toMatchObject({
    code: 400,
    message: 'dryRun: Unsupported value: supported values: "All"',
  });
  expect(refusalOf(() => forDelete(query)).code).toBe(400);
});

describe('a delete', () => {
  it('has no conditions and no time of its own, unless it says so', () => {
    expect(forDelete('')).toEqual({
      dryRun: false,
      gracePeriodSeconds: undefined,
      uid: undefined,
      resourceVersion: undefined,
    });
  });

  it('reads its conditions from the body', () => {
    expect(forDelete('', { preconditions: { uid: 'u', resourceVersion: '7' } })).toMatchObject({
      uid: 'u',
      resourceVersion: '7',
    });
    expect(forDelete('', { preconditions: 'u' })).toMatchObject({ uid: undefined, resourceVersion: undefined });
  });

  it('may be a dry run by its body', () => {
    expect(forDelete('', { dryRun: ['All'] }).dryRun).toBe(true);
    expect(refusalOf(() => forDelete('', { dryRun: ['Some'] })).code).toBe(400);
  });

  test.each<readonly [string, JsonObject, number | undefined]>([
    ['gracePeriodSeconds=5', { gracePeriodSeconds: 9 }, 5],
    ['', { gracePeriodSeconds: 9 }, 9],
    ['gracePeriodSeconds=0', {}, 0],
    ['', { gracePeriodSeconds: 0 }, 0],
    ['', { gracePeriodSeconds: null }, undefined],
  ])('with the query %j and the body %j takes %s seconds', (query, body, seconds) => {
    expect(forDelete(query, body).gracePeriodSeconds).toBe(seconds);
  });

  test.each(['soon', '-1', '1.5'])('refuses to take %j seconds', (seconds) => {
    const message = 'gracePeriodSeconds must be a whole number, 0 or more';
    expect(refusalOf(() => forDelete(`gracePeriodSeconds=${seconds}`))).toMatchObject({ code: 400, message });
    expect(refusalOf(() => forDelete('', { gracePeriodSeconds: seconds }))).toMatchObject({ code: 400, message });
  });
});
