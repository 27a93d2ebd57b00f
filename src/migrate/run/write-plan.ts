/** Writes a new plan into a folder, unless somebody is at work with the plan that it has. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { err, type Result } from '../../model/values/result.ts';
import { writePlan } from '../plan/folder.ts';
import { alone, isTaken } from './lock.ts';

/** As `writePlan`, with the lock of a plan that is there. */
export async function writeAlone(...given: Parameters<typeof writePlan>): Promise<Result<void>> {
  const [folder] = given;
  if (!existsSync(join(folder, 'plan.yaml'))) return writePlan(...given);
  return (await alone(folder, () => writePlan(...given))) ?? err(`${folder}: ${isTaken}`);
}
