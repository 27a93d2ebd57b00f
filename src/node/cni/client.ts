/** Asks an agent over its CNI socket. */
import { request } from 'node:http';
import { asText, isRecord } from '../../model/json.ts';
import type { CniRequest } from './server.ts';

/** The agent's answer; rejects with the agent's own words, or when nobody listens at the socket. */
export function askAgent(socketPath: string, body: Partial<CniRequest>, signal?: AbortSignal): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: 'POST', path: '/cni', ...(signal === undefined ? {} : { signal }) }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answer: unknown = JSON.parse(Buffer.concat(chunks).toString());
        if (response.statusCode === 200 && isRecord(answer)) resolve(answer);
        else reject(new Error(isRecord(answer) ? asText(answer['error']) : 'the agent gave no answer'));
      });
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });
}
