import {
  macvlanPod,
  routerTranslated,
  routerUntranslated,
  secondRouter,
} from '../../../src/migrate/findings/routers.ts';

const holder = { kind: 'Pod', namespace: 'shop', name: 'router', isStopped: false };

it('says whether a pod runs with the interface, or only would', () => {
  expect(macvlanPod(holder)).toMatchObject({ kind: 'Pod', namespace: 'shop', name: 'router' });
  expect(macvlanPod(holder).today).toMatch(/^OpenShift SDN gives the pod a macvlan interface/);
  expect(macvlanPod({ ...holder, isStopped: true }).today).toMatch(/^It makes no pod at the moment/);
});

it('loses a router until apply if it is translated, and for good if not', () => {
  expect(routerTranslated(holder).lost?.span).toBe('until-apply');
  expect(routerUntranslated({ ...holder, reason: 'it is odd' })).toMatchObject({
    tomorrow: 'No EgressRouter is made: it is odd.',
    lost: { span: 'for-good' },
  });
  expect(secondRouter({ ...holder, first: { kind: 'Deployment', name: 'one' } })).toMatchObject({
    tomorrow: 'No EgressRouter is made: a namespace serves one only, and Deployment one has it.',
    lost: { span: 'for-good' },
  });
});
