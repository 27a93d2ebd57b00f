/** Completion of commands, options and their choices in a shell, made from the commands themselves. */
import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What may come behind some words. */
interface Place {
  /** The subcommands that lead there, separated by blanks; empty at the beginning. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly about: string }[];
  /** The choices of each option that has some, by each of its names. */
  readonly choices: ReadonlyMap<string, readonly string[]>;
}

/** Names under which the command is started: its own, and as a plugin of kubectl and oc. */
const programs = ['sdn-compat', 'kubectl-sdn_compat', 'oc-sdn_compat'] as const;

function placesOf(command: Command, path: string): readonly Place[] {
  // hidden commands are no commands of users
  const subcommands = command.createHelp().visibleCommands(command);
  const options = command.createHelp().visibleOptions(command);
  const own: Place = {
    path,
    words: [
      ...subcommands.map((one) => ({ word: one.name(), about: one.description() })),
      ...options.flatMap(({ long, description }) => (long === undefined ? [] : [{ word: long, about: description }])),
    ],
    choices: new Map(
      options.flatMap(({ long, short, argChoices = [] }) =>
        argChoices.length === 0 ? [] : [long, short].flatMap((name) => (name ? [[name, argChoices] as const] : [])),
      ),
    ),
  };
  const deeper = subcommands.filter((one) => one.name() !== 'help');
  return [own, ...deeper.flatMap((one) => placesOf(one, path === '' ? one.name() : `${path} ${one.name()}`))];
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function bash(places: readonly Place[]): string {
  const paths = places.filter(({ path }) => path !== '').map(({ path }) => `    ${quoted(path)}) path=$next ;;`);
  const choices = places.flatMap(({ path, choices: all }) =>
    [...all].map(([option, words]) => `    ${quoted(`${path}|${option}`)}) words=${quoted(words.join(' '))} ;;`),
  );
  const words = places.map(
    ({ path, words: all }) => `      ${quoted(path)}) words=${quoted(all.map(({ word }) => word).join(' '))} ;;`,
  );
  return `_sdn_compat() {
  local path= next i words=
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
${paths.join('\n')}
    esac
  done
  case "$path|\${COMP_WORDS[COMP_CWORD - 1]}" in
${choices.join('\n')}
    *)
      case "$path" in
${words.join('\n')}
      esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _sdn_compat ${programs.join(' ')}
`;
}

function fish(places: readonly Place[]): string {
  const paths = places.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  const at = (path: string): string => quoted(`test "$(__sdn_compat_path)" = "${path}"`);
  const lines = programs.flatMap((program) =>
    places.flatMap(({ path, words, choices }) =>
      words.map(({ word, about }) => {
        const [first = ''] = about.split('\n');
        const start = `complete -c ${program} -n ${at(path)}`;
        if (!word.startsWith('--')) return `${start} -f -a ${quoted(word)} -d ${quoted(first)}`;
        const values = choices.get(word);
        const behind = values === undefined ? '' : ` -x -a ${quoted(values.join(' '))}`;
        return `${start} -l ${word.slice(2)}${behind} -d ${quoted(first)}`;
      }),
    ),
  );
  return `function __sdn_compat_path
  set -l path
  for word in (commandline -opc)[2..]
    set -l next (string join -- ' ' $path $word)
    contains -- $next ${paths.join(' ')}; and set path $path $word
  end
  string join -- ' ' $path
end
${lines.join('\n')}
`;
}

/** The script that a shell reads once, for these commands. */
export function completion(program: Command, shell: Shell): string {
  const places = placesOf(program, '');
  switch (shell) {
    case 'bash':
      return bash(places);
    case 'zsh':
      return `autoload -U +X compinit bashcompinit && compinit && bashcompinit\n${bash(places)}`;
    case 'fish':
      return fish(places);
  }
}
