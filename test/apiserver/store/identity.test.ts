/** The token and the kubeconfig. */
import { isAuthorized, kubeconfigText, makeToken } from '../../../src/apiserver/store/identity.ts';
import { KubeConfig } from '../../../src/io/kube/kubeconfig.ts';

it('makes another token each time, of 192 bits', () => {
  const tokens = new Set(Array.from({ length: 20 }, makeToken));
  expect(tokens.size).toBe(20);
  for (const token of tokens) expect(token).toMatch(/^[\w-]{32}$/);
});

test.each<readonly [string | undefined, boolean]>([
  ['Bearer secret', true],
  ['bearer  secret', true],
  ['Bearer secre', false],
  ['Bearer secrets', false],
  ['Bearer Secret', false],
  ['Bearer secret ', false],
  ['Basic secret', false],
  ['secret', false],
  ['Bearer ', false],
  ['', false],
  [undefined, false],
])('the header %j is let in: %s', (header, isLetIn) => {
  expect(isAuthorized(header, 'secret')).toBe(isLetIn);
});

it('writes a kubeconfig that a client reads', () => {
  const config = new KubeConfig();
  config.loadFromString(kubeconfigText('https://127.0.0.1:6443', 'the certificate', 'secret'));
  expect(config.getCurrentCluster()).toMatchObject({
    server: 'https://127.0.0.1:6443',
    caData: Buffer.from('the certificate').toString('base64'),
  });
  expect(config.getCurrentUser()?.token).toBe('secret');
});
