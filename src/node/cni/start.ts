/** The entry of the CNI plugin's own bundle, which a container runtime starts. */
import { runPlugin } from './plugin.ts';

void runPlugin();
