/** The program as other processes start it: the bundle on its Node.js, or one executable that holds both. */
import { dirname, join } from 'node:path';
import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';

type Argv = readonly [string, ...string[]];

/** The folder of the bundle; undefined in the single executable, whose code is in no folder. */
const folder = isSea() ? undefined : dirname(fileURLToPath(import.meta.url));

/** Program and first arguments that start this command again. */
export const self: Argv = folder === undefined ? [process.execPath] : [process.execPath, join(folder, 'sdn-compat.js')];

/** Program and arguments of the CNI plugin. */
export const cniPlugin: Argv =
  folder === undefined ? [process.execPath, 'cni'] : [process.execPath, join(folder, 'sdn-compat-cni.js')];

/** Where labs keep their state unless SDN_COMPAT_LAB_DIR says otherwise: beside the bundle's folder, ignored by git. */
export const labFolder = folder === undefined ? '/var/lib/sdn-compat/lab' : join(folder, '..', '.lab');
