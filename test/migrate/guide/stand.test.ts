import fc from 'fast-check';
import { type Answer, no, unknown, yes } from '../../../src/migrate/guide/answer.ts';
import type { Procedure, Stage } from '../../../src/migrate/guide/stage.ts';
import { standOf } from '../../../src/migrate/guide/stand.ts';
import { rounds } from '../../rounds.ts';
import { absent, config, factsOf, planState } from './facts-of.ts';

const stage = (name: string, answer: Answer, more: Partial<Stage> = {}): Stage => ({
  name,
  title: `${name} is reached`,
  done: () => answer,
  command: () => `make ${name}`,
  ...more,
});
const procedure = (...stages: readonly Stage[]): Procedure => ({
  name: 'back',
  title: 'the way back',
  flags: ['--back', '--mode offline'],
  stages,
});
const stand = (...stages: readonly Stage[]) => standOf(factsOf(), procedure(...stages));
const states = (...stages: readonly Stage[]) => stand(...stages).stages.map(({ state }) => state);
const proof = { isProof: true };

it('shows the procedure, the release, and the plugin', () => {
  expect(standOf(factsOf({ config: config('OVNKubernetes', 'OpenShiftSDN') }), procedure())).toEqual({
    procedure: 'back',
    title: 'the way back',
    release: '4.16.3',
    plugin: { runs: 'OpenShiftSDN', wanted: 'OVNKubernetes' },
    stages: [],
    unclear: [],
  });
  expect(standOf(factsOf({ config: absent, version: absent }), procedure())).toMatchObject({
    release: '',
    plugin: { runs: '', wanted: '' },
  });
});

describe('where it stands', () => {
  it('is the first stage that is not done, with its reasons; what comes after is later', () => {
    const { stages, next, unclear } = stand(stage('a', yes), stage('b', no('too cold')), stage('c', no('too far')));
    expect(stages).toEqual([
      { stage: 'a', title: 'a is reached', state: 'done', reasons: [] },
      { stage: 'b', title: 'b is reached', state: 'now', reasons: ['too cold'] },
      { stage: 'c', title: 'c is reached', state: 'later', reasons: [] },
    ]);
    expect(next).toEqual({ stage: 'b', command: 'make b', isWait: false, notes: [] });
    expect(unclear).toEqual([]);
  });

  it('is also the first stage, and also the last', () => {
    expect(states(stage('a', no('x')), stage('b', yes))).toEqual(['now', 'later']);
    expect(states(stage('a', yes), stage('b', no('x')))).toEqual(['done', 'now']);
  });

  it('is the end if all is done', () => {
    const all = stand(stage('a', yes), stage('b', yes));
    expect(all.stages.map(({ state }) => state)).toEqual(['done', 'done']);
    expect('next' in all).toBe(false);
    expect(all.unclear).toEqual([]);
  });

  it('is not clear at a stage that is unknown, and there is no next command', () => {
    const fog = stand(stage('a', unknown('no right')), stage('b', no('x')));
    expect(fog.stages.map(({ state, reasons }) => [state, ...reasons])).toEqual([['unknown', 'no right'], ['later']]);
    expect('next' in fog).toBe(false);
    expect(fog.unclear).toEqual(['no right']);
  });

  it('does not show what is unknown later', () => {
    expect(states(stage('a', no('x')), stage('b', unknown('y')))).toEqual(['now', 'later']);
  });
});

describe('a stage that proves those before it', () => {
  it('lets what is unknown before it be passed over, which stays unknown', () => {
    const passed = stand(stage('a', unknown('no right')), stage('b', yes, proof), stage('c', no('x')));
    expect(passed.stages.map(({ state }) => state)).toEqual(['unknown', 'done', 'now']);
    expect(passed.stages[0]?.reasons).toEqual(['no right']);
    expect(passed.next?.stage).toBe('c');
  });

  it('proves nothing if it is not done', () => {
    expect(states(stage('a', unknown('x')), stage('b', no('y'), proof))).toEqual(['unknown', 'later']);
  });

  it('proves nothing of what comes after it', () => {
    expect(states(stage('a', yes, proof), stage('b', unknown('x')), stage('c', yes))).toEqual([
      'done',
      'unknown',
      'later',
    ]);
  });

  it('does not hide a no before it', () => {
    expect(states(stage('a', no('x')), stage('b', yes, proof))).toEqual(['now', 'later']);
  });

  it('proves for another that is done before it', () => {
    expect(states(stage('a', yes, proof), stage('b', unknown('x')), stage('c', yes, proof))).toEqual([
      'done',
      'unknown',
      'done',
    ]);
  });
});

it('offers no command on the ground of an answer that nobody has', () => {
  const kinds = fc.array(fc.tuple(fc.constantFrom(yes, no('not yet'), unknown('no right')), fc.boolean()));
  fc.assert(
    fc.property(kinds, (answers) => {
      const stages = answers.map(([answer, isProof], index) => stage(String(index), answer, { isProof }));
      const { next } = stand(...stages);
      const at = answers.findIndex(([answer]) => answer.kind === 'no');
      const proven = answers.findLastIndex(([answer, isProof]) => isProof && answer.kind === 'yes');
      const fog = answers.findIndex(([answer], index) => answer.kind === 'unknown' && index > proven);
      expect(next?.stage).toBe(at !== -1 && (fog === -1 || at < fog) ? String(at) : undefined);
    }),
    { numRuns: rounds(1_000) },
  );
});

describe('the next command', () => {
  it('is this guide with a watch if there is nothing to do but to wait', () => {
    const waiting = stage('a', no('x'), { command: () => undefined });
    expect(standOf(factsOf({ plan: planState() }), procedure(waiting)).next).toEqual({
      stage: 'a',
      command: 'sdn-compat migrate guide --plan plan --back --mode offline --watch',
      isWait: true,
      notes: [],
    });
  });

  it('comes with the notes of its stage', () => {
    expect(stand(stage('a', no('x'), { notes: () => ['take care'] })).next?.notes).toEqual(['take care']);
  });
});
