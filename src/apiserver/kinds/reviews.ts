/** Questions that a client creates and nothing stores: who has a token, and whether somebody may do something. */
import { subjectAccessReviews, tokenReviews } from '../../../api/kinds.ts';
import type { JsonObject } from '../../model/values/json.ts';
import { identity, openObject, resource, text } from './definition.ts';
import type { Resource } from './resource.ts';

const texts = { type: 'array', items: text };

function review(description: string, spec: JsonObject): JsonObject {
  return { description, type: 'object', required: ['spec'], properties: { ...identity, spec: openObject(spec) } };
}

const tokenReview = review('Who has a token.', {
  token: { ...text, description: 'The token.' },
  audiences: { ...texts, description: 'For whom it may be meant; the API server if empty.' },
});

const accessReview = review('Whether somebody may do something.', {
  user: { ...text, description: 'Who asks.' },
  groups: { ...texts, description: 'The groups of who asks.' },
  resourceAttributes: openObject({}, { description: 'What is done with which objects.' }),
  nonResourceAttributes: openObject({ path: text, verb: text }, { description: 'What is done with which path.' }),
});

/** TokenReview and SubjectAccessReview. */
export const reviewResources: readonly Resource[] = [
  resource({ kind: tokenReviews, schema: tokenReview, columns: [], verbs: ['create'] }),
  resource({ kind: subjectAccessReviews, schema: accessReview, columns: [], verbs: ['create'] }),
];
