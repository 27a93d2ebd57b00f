/** What conntrack prints, as values. */
import { type Connection, readConnections } from '../../../src/node/conntrack/connection.ts';

const listing = `tcp      6 431999 ESTABLISHED src=10.254.0.2 dst=10.1.8.72 sport=40000 dport=8080 src=10.1.8.72 dst=192.168.7.11 sport=8080 dport=40000 [ASSURED] mark=0 use=1
udp      17 29 src=10.254.0.2 dst=10.1.8.72 sport=5353 dport=53 [UNREPLIED] src=10.1.8.72 dst=192.168.7.200 sport=53 dport=5353 mark=0 use=1
icmp     1 29 src=10.254.0.3 dst=10.1.8.72 type=8 code=0 id=7 src=10.1.8.72 dst=192.168.7.11 type=0 code=0 id=7 mark=0 use=1
tcp      6 100 ESTABLISHED src=10.254.0.2 dst=172.30.0.1 sport=40001 dport=443 src=192.168.7.10 dst=192.168.7.11 sport=6443 dport=40001 [ASSURED] mark=0 use=1
tcp      6 100 ESTABLISHED src=10.254.0.2 dst=10.254.1.9 sport=40002 dport=80 src=10.254.1.9 dst=10.254.0.2 sport=80 dport=40002 [ASSURED] mark=0 use=1
tcp      6 100 ESTABLISHED src=10.254.5.9 dst=10.1.8.72 sport=40003 dport=80 src=10.1.8.72 dst=192.168.7.201 sport=80 dport=40003 [ASSURED] mark=0 use=1
nonsense
`;

async function parseConnections(text: string): Promise<Connection[]> {
  const all: Connection[] = [];
  for await (const some of readConnections(text)) all.push(...some);
  return all;
}

test('connections are read from what conntrack prints', async () => {
  const all = await parseConnections(listing);
  expect(all).toHaveLength(6);
  expect(all[0]).toEqual({
    protocol: 'tcp',
    source: '10.254.0.2',
    destination: '10.1.8.72',
    sourcePort: '40000',
    destinationPort: '8080',
    translated: '192.168.7.11',
    answerer: '10.1.8.72',
    answererPort: '8080',
    mark: 0,
  });
  expect(all.map(({ sourcePort }) => sourcePort)).toEqual(['40000', '5353', undefined, '40001', '40002', '40003']);
  expect(all[3]?.answerer).toBe('192.168.7.10');
  expect(await parseConnections(listing.repeat(1_000))).toHaveLength(6_000);
});
