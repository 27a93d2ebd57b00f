/** The commands of docs/egress-router.md: those of a router on a kernel that has macvlan, and of one that is refused. */
import { run } from './lab.ts';
import { typeSession } from './typed.ts';

const document = 'docs/egress-router.md';

test('every command for a router that is refused does what it says', () => typeSession(document, 'refused'), 600_000);

test('every command for a router does what it says, where the kernel has macvlan', async () => {
  // on the loopback interface it is refused for another reason
  const { stderr } = await run('ip', ['link', 'add', 'link', 'lo', 'name', 'probe', 'type', 'macvlan']);
  const hasMacvlan = !/nknown device type/.test(stderr);
  // without it egress-router.test.ts shows that the same pod is refused, and why
  if (hasMacvlan) await typeSession(document, 'router');
}, 900_000);
