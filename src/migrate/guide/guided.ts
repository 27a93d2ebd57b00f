/** The network plugins to which the guide knows the vendor's procedures. */
import type { Target } from '../target.ts';
import { targetNamed } from '../targets.ts';

/** The plugin that the procedures lead to. */
export const guidedPlugin: Target = targetNamed('ovn');

/** All that the guide leads to, which may be fewer than plans lead to. */
export const guidedPlugins: readonly Target[] = [guidedPlugin];

/** The flag that asks for the migration. */
export const toPlugin = `--to ${guidedPlugin.name}`;
