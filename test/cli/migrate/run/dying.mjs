/**
 * Loaded into a process before its program, with `--import`: ends it by SIGKILL at its DIE_AT-th write to the API server,
 * before it is sent, or, with DIE_ANSWERED=1, when the answer is there and nobody has read it. Else says at the end how
 * many writes there were, in the file DIE_COUNT.
 */
import { writeFileSync } from 'node:fs';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

const { DIE_AT, DIE_ANSWERED, DIE_COUNT } = process.env;
const request = https.request;
let writes = 0;

const die = () => process.kill(process.pid, 'SIGKILL');

https.request = (...args) => {
  const { method = 'GET' } = args[0];
  const isLast = method !== 'GET' && (writes += 1) === Number(DIE_AT);
  if (isLast && DIE_ANSWERED !== '1') die();
  const sent = request(...args);
  if (isLast) sent.prependListener('response', die);
  return sent;
};
syncBuiltinESMExports();
if (DIE_COUNT !== undefined) process.on('exit', () => writeFileSync(DIE_COUNT, String(writes)));
