import omit from 'lodash/omit.js';
import { SourcePorts } from '../../../src/node/conntrack/source-ports.ts';
import { blueIP, connection, nodeIP, plain, red, redIP } from './connections.ts';

test('the ten with the most are told, whatever there is else', () => {
  const ports = new SourcePorts(new Set([redIP]));
  for (let remote = 1; remote <= 30; remote++)
    for (let port = 0; port < remote; port++)
      ports.note(connection('10.254.0.2', redIP, red, { answerer: `203.0.113.${remote}`, destinationPort: '443' }));
  expect(ports.top().map(({ remote, ports: count }) => [remote, count])).toEqual(
    Array.from({ length: 10 }, (_, index) => [`203.0.113.${30 - index}:443`, 30 - index]),
  );
});

test('other addresses of the node, egress IPs of others and what has no ports do not count', () => {
  const ports = new SourcePorts(new Set([redIP]));
  ports.note(connection('10.254.0.4', nodeIP, plain, { destinationPort: '443' }));
  ports.note(connection('10.254.0.3', blueIP, red, { destinationPort: '443' }));
  ports.note(omit(connection('10.254.0.2', redIP, red), 'destinationPort'));
  expect(ports.top()).toEqual([]);
});
